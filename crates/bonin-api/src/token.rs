//! Bearer tokens: `POST /login/api-secret` and `POST /token/refresh`.

use serde::Deserialize;

use crate::contract::wire_struct;
use crate::personal::Secret;
use crate::request::{Fields, InvalidRequest};

/// Longer than any secret or token that was ever issued here.
const MAX_CREDENTIAL: usize = 4096;

wire_struct! {
    /// API 시크릿으로 로그인하기 위한 입력 정보.
    pub struct LoginViaApiSecretBody {
        required {
            /// 발급받은 API 시크릿.
            api_secret as "apiSecret": Secret,
        }
    }
}

wire_struct! {
    /// API 시크릿 로그인 성공 응답.
    #[derive(Deserialize)]
    pub struct LoginViaApiSecretResponse {
        required {
            /// 인증에 쓰는 액세스 토큰. 유효 기간은 기본 30분입니다.
            access_token as "accessToken": Secret,
            /// 토큰을 다시 발급받을 때 쓰는 리프레시 토큰. 유효 기간은 기본 하루이고, 한 번만 쓸 수 있습니다.
            refresh_token as "refreshToken": Secret,
        }
    }
}

wire_struct! {
    /// 토큰을 다시 발급받기 위한 입력 정보.
    pub struct RefreshTokenBody {
        required {
            /// 리프레시 토큰. 한 번만 쓸 수 있습니다.
            refresh_token as "refreshToken": Secret,
        }
    }
}

wire_struct! {
    /// 토큰 재발급 성공 응답.
    #[derive(Deserialize)]
    pub struct RefreshTokenResponse {
        required {
            /// 인증에 쓰는 액세스 토큰. 유효 기간은 기본 30분입니다.
            access_token as "accessToken": Secret,
            /// 토큰을 다시 발급받을 때 쓰는 리프레시 토큰. 유효 기간은 기본 하루이고, 한 번만 쓸 수 있습니다.
            refresh_token as "refreshToken": Secret,
        }
    }
}

impl LoginViaApiSecretBody {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        Ok(Self {
            api_secret: credential(body, "apiSecret")?,
        })
    }
}

impl RefreshTokenBody {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        Ok(Self {
            refresh_token: credential(body, "refreshToken")?,
        })
    }
}

fn credential(body: &[u8], name: &str) -> Result<Secret, InvalidRequest> {
    let mut fields = Fields::of_body(body)?;
    let text = fields.required(name)?.text()?;
    Ok(text.length(1..=MAX_CREDENTIAL)?.secret())
}
