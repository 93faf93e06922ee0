//! A gateway with something in it, as it would stand in production: a store, a channel, a client, an owner who is signed in.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    panic::{RefUnwindSafe, UnwindSafe},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, header},
    response::Response,
};
use bonin_core::*;
use bonin_fuzz::Input;
use bonin_gateway::{GatewayConfig, Rate, Service, http::router};
use bonin_store::*;
use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    kcp_answers::{Answer, Server},
    merchant::{Merchant, PASSWORD as KEY_PASSWORD},
};

const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const API_SECRET: &str = "bonin_sk_QsKeptQs-api-secret-of-the-client-00";
const ENC_KEY: &str = "QsKeptQs2fa3ebe4698075bcac6b433d52e351c881b02fb83488d42";
const CONSOLE_PASSWORD: &str = "QsKeptQs correct horse";

/// What KCP says where the input does not say otherwise: yes to everything.
const KCP_ANSWERS: [&str; 3] = [
    r#"{"res_cd":"0000","res_msg":"정상","per_cert_no":"P1","sms_snd_yn":"Y","phone_no":"01012345678","call_url":"https://kcp.example/window","reg_cert_key":"QrKey","CI":"Q0kx","DI":"REkx"}"#,
    r#"{"res_cd":"8001","res_msg":"정보가 맞지 않습니다"}"#,
    r#"{"res_cd":"0000","enc_cert_data":"pjn+1TICiC+67t2m1udt3A==","rv":"MDEyMzQ1Njc4OWFiY2RlZg=="}"#,
];

pub struct World {
    router: Router,
    service: Service,
    kcp: Server,
    /// What is kept and must never come out.
    pub secrets: Vec<String>,
    pub store: String,
    pub channel: String,
    pub secret: String,
    pub user: String,
    /// The cookie of a signed-in owner, and the token of their forms.
    pub owner: (String, String),
    /// The same of someone who has only seen the login.
    pub stranger: (String, String),
    /// Dropped after the service: what is still under way in it gives its connections back to a runtime.
    pub runtime: Runtime,
    _folder: tempfile::TempDir,
}

// A panic ends the test; nothing is used after it.
impl UnwindSafe for World {}
impl RefUnwindSafe for World {}

fn config() -> GatewayConfig {
    let mut config = GatewayConfig::default();
    let all = Rate {
        count: NonZeroU32::MAX,
        within: Duration::from_secs(1),
    };
    let limits = &mut config.limits;
    for limit in [
        &mut limits.customer,
        &mut limits.secret,
        &mut limits.failed_login,
        &mut limits.checkout,
        &mut limits.checkout_step,
    ] {
        *limit = all;
    }
    limits.phone_messages = u32::MAX;
    config.kcp.request_timeout = Duration::from_secs(3);
    config
}

impl World {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/bonin.db", folder.path().display());
        let kcp = Server::start();
        kcp.tell(&Answer::Body(Input::Bytes(KCP_ANSWERS[0].into())), &[]);
        let merchant = Merchant::one();
        let (service, owner) = runtime.block_on(async {
            let keyring = Keyring::parse(&format!("1:{MASTER_KEY}")).unwrap();
            let rules = Rules::default();
            let options = ConnectOptions {
                create: true,
                ..ConnectOptions::default()
            };
            let store = Store::connect(&url, keyring, rules, &options)
                .await
                .unwrap();
            let now = Timestamp::now();
            store.migrate(now).await.unwrap();
            let service = Service::new(store, config(), CancellationToken::new()).unwrap();
            fill(&service, merchant, kcp.url.as_str(), now).await;
            let admin = service.admin();
            let someone = Actor::system("fuzz");
            let code = admin.make_setup_code(&someone).await.unwrap().unwrap();
            let password = Redacted::new(CONSOLE_PASSWORD);
            let opened = admin
                .set_up_first_owner(
                    &code,
                    "owner",
                    [&password, &password],
                    "127.0.0.1",
                    service.console_config(),
                )
                .await
                .unwrap();
            (service, opened.token.expose().to_owned())
        });
        let router = router(service.clone(), true).unwrap();
        let secrets = [
            MASTER_KEY,
            API_SECRET,
            ENC_KEY,
            CONSOLE_PASSWORD,
            KEY_PASSWORD,
        ]
        .into_iter()
        .chain(merchant.key.lines().filter(|line| line.len() >= 60))
        .map(str::to_owned)
        .collect();
        let mut world = Self {
            runtime,
            router,
            service,
            kcp,
            secrets,
            store: "store-1".into(),
            channel: "channel-1".into(),
            secret: "secret-1".into(),
            user: String::new(),
            owner: (format!("bonin_console={owner}"), String::new()),
            stranger: (String::new(), String::new()),
            _folder: folder,
        };
        let users = world
            .runtime
            .block_on(world.service.store().users())
            .unwrap();
        world.user = users[0].id.to_string();
        world.owner.1 = world.form_token("/console/settings", &world.owner.0);
        let door = world.get("/console/login", "");
        let cookie = door.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let token = world.form_token("/console/login", &cookie);
        world.stranger = (cookie, token);
        world
    }

    fn get(&self, path: &str, cookie: &str) -> Response {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.run(request.body(Body::empty()).unwrap())
    }

    fn form_token(&self, path: &str, cookie: &str) -> String {
        let page = self.get(path, cookie).into_body();
        let page = self.runtime.block_on(to_bytes(page, usize::MAX)).unwrap();
        let page = String::from_utf8(page.to_vec()).unwrap();
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    fn run(&self, mut request: Request<Body>) -> Response {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = self.router.clone().oneshot(request);
        self.runtime.block_on(answer).unwrap()
    }

    /// Gives a request to the gateway, while KCP answers as it is told.
    pub fn answer(&self, request: Request<Body>, kcp: &Input) -> Response {
        self.kcp.tell(&Answer::Body(kcp.clone()), &KCP_ANSWERS);
        self.run(request)
    }

    /// Begins anew where a request has ended the owner's session.
    pub fn refresh(&mut self) {
        let (_, token) = self.owner.0.split_once('=').unwrap_or_default();
        let token = Redacted::new(token);
        let admin = self.service.admin();
        let session = admin.session(&token, "127.0.0.1", self.service.console_config());
        if self.runtime.block_on(session).unwrap().is_none() {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
            assert!(self.runtime.block_on(self.service.drain(deadline)));
            *self = Self::new();
        }
    }
}

async fn fill(service: &Service, merchant: &Merchant, kcp: &str, now: Timestamp) {
    let someone = Actor::system("fuzz");
    let store = StoreId::parse("store-1").unwrap();
    let new = NewStore {
        id: store.clone(),
        name: "상점".into(),
        kind: StoreKind::Test,
        allow_test_channels: true,
        browser: BrowserRules::default(),
        limits: StoreLimits::default(),
        retention_days: None,
    };
    let database = service.store();
    database.create_store(&new, &someone, now).await.unwrap();
    let channel = NewChannel {
        id: ChannelId::parse("channel-1").unwrap(),
        store_id: store.clone(),
        key: ChannelKey::parse("channel-key-1").unwrap(),
        name: "채널".into(),
        kind: ChannelKind::Test,
        pg_provider: "KCP_V2".into(),
        pg_merchant_id: "T0001".into(),
        hub: Some(HubAccess {
            url: kcp.trim_end_matches('/').into(),
            certificate: Redacted::new(&*merchant.certificate),
            private_key: Redacted::new(&*merchant.key),
            private_key_password: Redacted::new(KEY_PASSWORD),
            certificate_ends_at: None,
        }),
        window: Some(WindowAccess {
            url: kcp.trim_end_matches('/').into(),
            enc_key: Redacted::new(ENC_KEY),
        }),
    };
    database.put_channel(&channel, &someone, now).await.unwrap();
    let secret = NewApiSecret {
        id: SecretId::parse("secret-1").unwrap(),
        hash: SecretHash::of(API_SECRET),
        prefix: "bonin_sk_Qs".into(),
        name: "시크릿".into(),
        default_store: store,
        other_stores: Vec::new(),
        expires_at: None,
    };
    database
        .create_secret(&secret, &someone, now)
        .await
        .unwrap();
}
