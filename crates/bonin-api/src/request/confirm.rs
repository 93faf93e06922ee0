//! `POST /identity-verifications/{identityVerificationId}/confirm`.

use super::text::Text;
use super::{Fields, InvalidRequest};
use crate::contract::wire_struct;
use crate::personal::Secret;

wire_struct! {
    /// 본인인증 확인을 위한 입력 정보.
    #[derive(Default)]
    pub struct ConfirmIdentityVerificationBody {
        optional {
            /// 상점 아이디. 접근 권한이 있는 상점만 쓸 수 있고, 없으면 인증 정보의 기본 상점입니다.
            store_id as "storeId": String,
            /// 문자로 받은 인증번호 6자리. SMS 방식이면 필수이고, APP 방식에서는 쓰지 않습니다.
            otp as "otp": Secret,
        }
    }
}

impl ConfirmIdentityVerificationBody {
    /// Reads a request body. Whether `otp` must be there depends on the try, which the body does not know.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of the fields.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        let mut fields = Fields::of_body(body)?;
        Ok(Self {
            store_id: fields.maybe("storeId", |given| Ok(given.text()?.id()?.into_string()))?,
            otp: fields.maybe("otp", |given| {
                given
                    .text()?
                    .digits(
                        6..=6,
                        "인증번호는 숫자 6자리 문자열로 적어야 합니다 (예: \"012345\").",
                    )
                    .map(Text::secret)
            })?,
        })
    }
}
