//! Who calls: API secrets, and the tokens made from them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bonin_api::{LoginViaApiSecretResponse, Secret};
use bonin_core::{Redacted, SecretId, StoreId};
use bonin_store::{ApiSecret, SecretHash};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{Error, Service};
use crate::ids;

/// How long an access token lives (PortOne: 30 minutes).
const ACCESS_TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// How long a refresh token lives (PortOne: a day).
const REFRESH_TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

const WRONG_SECRET: &str = "API 시크릿이 올바르지 않거나, 폐기되었거나, 만료되었습니다.";
const WRONG_TOKEN: &str = "엑세스 토큰이 올바르지 않거나 만료되었습니다. /login/api-secret 또는 /token/refresh로 새로 발급받아야 합니다.";
const WRONG_REFRESH_TOKEN: &str = "refreshToken이 올바르지 않거나, 이미 쓰였거나, 만료되었습니다. /login/api-secret으로 새로 발급받아야 합니다.";

/// What a caller shows.
#[derive(Debug)]
pub enum Credential {
    /// `Authorization: PortOne <secret>`.
    ApiSecret(Redacted),
    /// `Authorization: Bearer <access token>`.
    AccessToken(Redacted),
}

/// An authenticated caller: a secret, and the stores it reaches.
#[derive(Debug, Clone)]
pub struct Caller {
    secret: ApiSecret,
}

impl Caller {
    /// The store that a request means: the one it names, if the secret reaches it, else the secret's default.
    pub fn store(&self, named: Option<&str>) -> Result<StoreId, Error> {
        let Some(named) = named else {
            return Ok(self.secret.default_store.clone());
        };
        self.secret
            .stores
            .iter()
            .find(|store| store.as_str() == named)
            .cloned()
            .ok_or(Error::Forbidden(
                "storeId: 이 인증 정보로 접근할 수 있는 상점이 아닙니다. 접근 권한이 있는 상점의 아이디를 적거나, 비워서 기본 상점을 써야 합니다.",
            ))
    }

    /// All stores that the secret reaches.
    pub fn stores(&self) -> &[StoreId] {
        &self.secret.stores
    }
}

/// When this process last noted the use of a secret.
#[derive(Debug, Clone, Default)]
pub(super) struct SecretsUsed(Arc<Mutex<HashMap<SecretId, Timestamp>>>);

/// A pair of tokens, shown once.
pub type Tokens = LoginViaApiSecretResponse;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Service {
    /// Finds out who calls. A failure counts against the address it came from.
    pub async fn authenticate(
        &self,
        credential: &Credential,
        address: IpAddr,
    ) -> Result<Caller, Error> {
        let now = self.now();
        let (found, wrong) = match credential {
            Credential::ApiSecret(secret) => {
                let hash = SecretHash::of(secret.expose());
                (self.store.secret_by_hash(&hash).await?, WRONG_SECRET)
            }
            Credential::AccessToken(token) => {
                let found = match self.secret_of_token(token.expose(), now) {
                    Some(id) => self.store.secret(&id).await?,
                    None => None,
                };
                (found, WRONG_TOKEN)
            }
        };
        let Some(secret) = found.filter(|secret| secret.is_valid(now)) else {
            self.limits.failed_login(address)?;
            return Err(Error::Unauthorized(wrong));
        };
        self.limits.secret(&secret.id)?;
        self.note_use(&secret, now);
        Ok(Caller { secret })
    }

    /// Tokens for a secret. The refresh token that it had before ends.
    pub async fn login(&self, secret: &Secret, address: IpAddr) -> Result<Tokens, Error> {
        let credential = Credential::ApiSecret(Redacted::new(secret.expose()));
        let caller = self.authenticate(&credential, address).await?;
        let now = self.now();
        let refresh_token = ids::refresh_token()?;
        self.store
            .replace_refresh_token(
                &caller.secret.id,
                &SecretHash::of(refresh_token.expose()),
                after(now, REFRESH_TOKEN_LIFE),
                now,
            )
            .await?;
        self.tokens(&caller.secret.id, &refresh_token, now)
    }

    /// Tokens for a refresh token, which is used up.
    pub async fn refresh(&self, token: &Secret, address: IpAddr) -> Result<Tokens, Error> {
        let now = self.now();
        let hash = SecretHash::of(token.expose());
        let holder = self.store.refresh_token_holder(&hash, now).await?;
        let secret = match holder {
            Some(id) => self.store.secret(&id).await?,
            None => None,
        };
        let Some(secret) = secret.filter(|secret| secret.is_valid(now)) else {
            self.limits.failed_login(address)?;
            return Err(Error::Unauthorized(WRONG_REFRESH_TOKEN));
        };
        // A token is used up only once nothing else can stand in the way.
        self.limits.secret(&secret.id)?;
        let next = ids::refresh_token()?;
        let tokens = self.tokens(&secret.id, &next, now)?;
        let used = self
            .store
            .use_refresh_token(
                &hash,
                &SecretHash::of(next.expose()),
                after(now, REFRESH_TOKEN_LIFE),
                now,
            )
            .await?;
        match used {
            Some(_) => Ok(tokens),
            None => Err(Error::Unauthorized(WRONG_REFRESH_TOKEN)),
        }
    }

    fn tokens(
        &self,
        secret: &SecretId,
        refresh_token: &Redacted,
        now: Timestamp,
    ) -> Result<Tokens, Error> {
        let claims = Claims {
            sub: secret.to_string(),
            iat: now.as_second(),
            exp: after(now, ACCESS_TOKEN_LIFE).as_second(),
            jti: ids::request_id()?,
        };
        let keys = self.store.token_keys();
        let (key_id, key) = keys.first().ok_or(Error::Unavailable)?;
        let header = Header {
            kid: Some(key_id.to_string()),
            ..Header::new(Algorithm::HS256)
        };
        let access_token =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key.as_slice()))
                .map_err(|error| {
                    tracing::error!(%error, "an access token could not be signed");
                    Error::Unavailable
                })?;
        Ok(LoginViaApiSecretResponse {
            access_token: Secret::new(access_token),
            refresh_token: Secret::new(refresh_token.expose().to_owned()),
        })
    }

    /// The secret that an access token was made from. Whether that secret still opens anything is asked of the database.
    fn secret_of_token(&self, token: &str, now: Timestamp) -> Option<SecretId> {
        let key_id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let (_, key) = self
            .store()
            .token_keys()
            .into_iter()
            .find(|(id, _)| id.to_string() == key_id)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        let decoded = jsonwebtoken::decode::<Claims>(
            token,
            &DecodingKey::from_secret(key.as_slice()),
            &validation,
        )
        .ok()?;
        (decoded.claims.exp > now.as_second())
            .then(|| SecretId::parse(decoded.claims.sub).ok())
            .flatten()
    }

    /// Notes that a secret was used, at most once a minute, beside the request.
    fn note_use(&self, secret: &ApiSecret, now: Timestamp) {
        let minute = SignedDuration::from_mins(1);
        {
            // Remembered here too: many requests at once must not all write it down.
            let mut used = self
                .secrets_used
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let last = used.get(&secret.id).copied().max(secret.last_used_at);
            if last.is_some_and(|last| now.duration_since(last) < minute) {
                return;
            }
            used.retain(|_, last| now.duration_since(*last) < minute);
            used.insert(secret.id.clone(), now);
        }
        let (service, id) = (self.clone(), secret.id.clone());
        self.under_way.spawn(async move {
            if let Err(error) = service.store.touch_secret(&id, now).await {
                tracing::warn!(%error, "the use of a secret could not be noted");
            }
        });
    }
}

fn after(at: Timestamp, life: SignedDuration) -> Timestamp {
    at.checked_add(life).unwrap_or(Timestamp::MAX)
}
