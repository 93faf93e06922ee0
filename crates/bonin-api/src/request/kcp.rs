//! `bypass`: what only KCP knows.

use serde::Serialize;
use serde::ser::SerializeMap;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::InvalidRequest;
use super::reader::{Fields, Given};
use crate::contract::{Field, Schemas, collect_component, wire_enum, wire_struct};

type Parsed<T> = Result<T, InvalidRequest>;

/// The longest `cp_sms_msg`. KCP's own limit is not public; 80 characters is ours, what one Korean SMS holds at most.
const MAX_SMS_MESSAGE: usize = 80;

/// What stands in `cp_sms_msg` for the six digits.
const OTP_MARK: &str = "[000000]";

wire_enum! {
    /// KCP의 `media_type`. `MC01`은 PC, `MC02`는 모바일입니다.
    pub enum MediaType {
        Pc = "MC01",
        Mobile = "MC02",
    }
}

wire_struct! {
    /// NHN KCP 특수 파라미터.
    pub struct KcpV2Bypass {
        required {
            /// 고객의 환경. PC는 `MC01`, 모바일은 `MC02`입니다.
            media_type as "media_type": MediaType,
        }
        optional {
            /// DI를 만들 때 쓸 사이트 아이디. 영문과 숫자 12자 이하이며, 없으면 KCP가 발급한 사이트 아이디를 씁니다.
            web_siteid as "web_siteid": String,
            /// 문자 메시지의 내용. 인증번호 6자리가 들어갈 `[000000]`이 꼭 한 번 있어야 하고, 80자 이하입니다.
            cp_sms_msg as "cp_sms_msg": String,
            /// 문자 메시지의 발신번호. 숫자와 하이픈만 쓰며, 070과 060으로 시작하는 번호는 통신사가 거절합니다.
            cp_callback as "cp_callback": String,
        }
    }
}

impl KcpV2Bypass {
    fn read(mut fields: Fields) -> Parsed<Self> {
        Ok(Self {
            media_type: fields.required("media_type")?.choice()?,
            web_siteid: fields.maybe("web_siteid", web_siteid)?,
            cp_sms_msg: fields.maybe("cp_sms_msg", sms_message)?,
            cp_callback: fields.maybe("cp_callback", callback)?,
        })
    }
}

pub(super) fn web_siteid(given: Given) -> Parsed<String> {
    let text = given.text()?.must(
        |id| (1..=12).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        || "영문 대소문자와 숫자만 써서 1~12자로 적어야 합니다.".to_owned(),
    )?;
    Ok(text.into_string())
}

fn sms_message(given: Given) -> Parsed<String> {
    let text = given
        .text()?
        .length(1..=MAX_SMS_MESSAGE)?
        .one_line()?
        .must(
            |message| message.matches(OTP_MARK).count() == 1,
            || format!("인증번호가 들어갈 자리인 {OTP_MARK}이 꼭 한 번 있어야 합니다."),
        )?;
    Ok(text.into_string())
}

fn callback(given: Given) -> Parsed<String> {
    let text = given
        .text()?
        .must(
            |number| {
                let digits = number.bytes().filter(u8::is_ascii_digit).count();
                let ends_in_digits = !number.starts_with('-') && !number.ends_with('-');
                number.len() <= 16
                    && (3..=12).contains(&digits)
                    && ends_in_digits
                    && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
            },
            || {
                "숫자와 하이픈만 써서 숫자 3~12자리의 전화번호로 적어야 합니다 (예: 02-1670-5176)."
                    .to_owned()
            },
        )?
        .must(
            |number| {
                let digits = number.replace('-', "");
                !digits.starts_with("070") && !digits.starts_with("060")
            },
            || "070, 060으로 시작하는 번호는 통신사가 거절하므로 쓸 수 없습니다.".to_owned(),
        )?;
    Ok(text.into_string())
}

/// What a PG has of its own. Unknown PGs' parts are ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bypass {
    /// `kcpV2`, also spelled `kcp_v2`.
    pub kcp_v2: Option<KcpV2Bypass>,
}

impl Bypass {
    pub(crate) fn read(given: Given) -> Parsed<Self> {
        let mut fields = given.object_or_json_text()?;
        let read = |given: Given| KcpV2Bypass::read(given.object()?);
        let camel = fields.maybe("kcpV2", read)?;
        let snake = fields.maybe("kcp_v2", read)?;
        match (camel, snake) {
            (Some(camel), Some(snake)) if camel != snake => Err(InvalidRequest::new(
                "bypass",
                "kcpV2와 kcp_v2의 내용이 서로 다릅니다. 둘 중 하나만 보내야 합니다.",
            )),
            (camel, snake) => Ok(Self {
                kcp_v2: camel.or(snake),
            }),
        }
    }
}

impl Serialize for Bypass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(kcp_v2) = &self.kcp_v2 {
            map.serialize_entry("kcpV2", kcp_v2)?;
        }
        map.end()
    }
}

impl Field for Bypass {
    /// PortOne's schema leaves the object open, so ours does; what is in it is told by an extension.
    fn field_schema() -> RefOr<Schema> {
        let kcp_v2 = serde_json::json!({ "kcpV2": KcpV2Bypass::field_schema() });
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .extensions(Some(
                ExtensionsBuilder::new()
                    .add("x-bonin-properties", kcp_v2)
                    .build(),
            ))
            .build()
            .into()
    }

    fn collect(schemas: &mut Schemas) {
        collect_component::<KcpV2Bypass>(schemas);
    }
}
