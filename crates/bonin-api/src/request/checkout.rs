//! What the browser script asks for: `POST /checkout/identity-verifications`. Not part of PortOne's REST contract.

use super::reader::Given;
use super::{Fields, InvalidRequest};
use crate::contract::wire_enum;
use crate::personal::Personal;

type Parsed<T> = Result<T, InvalidRequest>;

/// The longest `redirectUrl`.
const MAX_REDIRECT_URL: usize = 2000;
/// The longest `customData`: more would not fit into a body.
const MAX_CUSTOM_DATA: usize = 100_000;

wire_enum! {
    /// How the window shows.
    pub enum WindowType {
        Popup = "POPUP",
        Redirection = "REDIRECTION",
        Iframe = "IFRAME",
    }
}

/// Who is to be verified, as far as the page knows. KCP asks the person anyway, so what does not fit is left out.
#[derive(Debug, Clone, Default)]
pub struct CheckoutCustomer {
    /// The merchant's own id of the customer.
    pub id: Option<Personal<String>>,
    /// The name.
    pub name: Option<Personal<String>>,
    /// The phone.
    pub phone_number: Option<Personal<String>>,
    /// Year, month and day of birth, as digits.
    pub birth: Option<Personal<(String, String, String)>>,
    /// `MALE` or `FEMALE`.
    pub gender: Option<Personal<String>>,
}

/// What the browser script asks for.
#[derive(Debug, Clone)]
pub struct CheckoutBody {
    /// The store.
    pub store_id: String,
    /// The merchant's id of the verification.
    pub identity_verification_id: String,
    /// The channel.
    pub channel_key: String,
    /// How the window shows.
    pub window_type: WindowType,
    /// Where the browser goes in the end.
    pub redirect_url: Option<String>,
    /// Whether it goes there even where the page could have been told.
    pub force_redirect: bool,
    /// Who is to be verified.
    pub customer: CheckoutCustomer,
    /// The merchant's own data.
    pub custom_data: Option<Personal<String>>,
    /// Whose DI it is to be (`bypass.kcpV2.web_siteid`).
    pub web_siteid: Option<String>,
}

impl CheckoutBody {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn parse(body: &[u8]) -> Parsed<Self> {
        let mut fields = Fields::of_body(body)?;
        let id = |given: Given| Ok(given.text()?.id()?.into_string());
        let store_id = id(fields.required("storeId")?)?;
        let identity_verification_id = id(fields.required("identityVerificationId")?)?;
        let channel_key = id(fields.required("channelKey")?)?;
        let window_type = fields.required("windowType")?.choice()?;
        let redirect_url = fields.maybe("redirectUrl", |given| {
            let text = given.text()?.length(1..=MAX_REDIRECT_URL)?.one_line()?;
            Ok(text.into_string())
        })?;
        let force_redirect = fields.maybe("forceRedirect", Given::flag)?;
        let custom_data = fields.maybe("customData", |given| {
            Ok(given.text()?.length(0..=MAX_CUSTOM_DATA)?.personal())
        })?;
        let customer = fields.maybe("customer", |given| Ok(customer(given.object()?)))?;
        Ok(Self {
            store_id,
            identity_verification_id,
            channel_key,
            window_type,
            redirect_url,
            force_redirect: force_redirect.unwrap_or_default(),
            customer: customer.unwrap_or_default(),
            custom_data,
            web_siteid: fields.maybe("bypass", bypass)?.flatten(),
        })
    }
}

/// `{kcpV2: {web_siteid}}`; the public guide writes `kcp_v2`.
fn bypass(given: Given) -> Parsed<Option<String>> {
    let mut fields = given.object_or_json_text()?;
    let site = |given: Given| {
        let mut fields = given.object()?;
        fields.maybe("web_siteid", super::kcp::web_siteid)
    };
    let camel = fields.maybe("kcpV2", site)?.flatten();
    let snake = fields.maybe("kcp_v2", site)?.flatten();
    match (camel, snake) {
        (Some(camel), Some(snake)) if camel != snake => Err(InvalidRequest::new(
            "bypass",
            "kcpV2와 kcp_v2의 내용이 서로 다릅니다. 둘 중 하나만 보내야 합니다.",
        )),
        (camel, snake) => Ok(camel.or(snake)),
    }
}

fn customer(mut fields: Fields) -> CheckoutCustomer {
    let mut text = |name: &str, longest: usize| {
        let given = fields.optional(name)?;
        let text = given
            .text()
            .ok()?
            .length(1..=longest)
            .ok()?
            .one_line()
            .ok()?;
        Some(text.into_string())
    };
    let id = text("customerId", 200);
    let name = text("fullName", 50);
    let phone_number = text("phoneNumber", 20);
    let gender = text("gender", 10);
    let birth = match (
        text("birthYear", 4),
        text("birthMonth", 2),
        text("birthDay", 2),
    ) {
        (Some(year), Some(month), Some(day)) => Some((year, month, day)),
        _ => None,
    };
    CheckoutCustomer {
        id: id.map(Personal::new),
        name: name.map(Personal::new),
        phone_number: phone_number.map(Personal::new),
        birth: birth.map(Personal::new),
        gender: gender.map(Personal::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str =
        r#"{"storeId":"s","identityVerificationId":"i","channelKey":"c","windowType":"POPUP""#;

    #[test]
    fn what_does_not_fit_of_a_customer_is_left_out() {
        let body = format!(
            r#"{LEAST},"customer":{{"fullName":"홍길동","phoneNumber":7,"birthYear":"1990","birthMonth":"3"}}}}"#
        );
        let read = CheckoutBody::parse(body.as_bytes()).unwrap();
        assert_eq!(read.customer.name.unwrap().expose(), "홍길동");
        assert!(read.customer.phone_number.is_none() && read.customer.birth.is_none());
    }

    #[test]
    fn the_site_is_read_in_both_spellings_and_checked() {
        let with = |bypass: &str| {
            CheckoutBody::parse(format!(r#"{LEAST},"bypass":{bypass}}}"#).as_bytes())
        };
        for bypass in [
            r#"{"kcpV2":{"web_siteid":"J01234567890"}}"#,
            r#"{"kcp_v2":{"web_siteid":"J01234567890"}}"#,
            r#""{\"kcp_v2\":{\"web_siteid\":\"J01234567890\"}}""#,
        ] {
            assert_eq!(
                with(bypass).unwrap().web_siteid.as_deref(),
                Some("J01234567890")
            );
        }
        assert!(with("{}").unwrap().web_siteid.is_none());
        for wrong in [
            r#"{"kcpV2":{"web_siteid":"J012345678901"}}"#,
            r#"{"kcpV2":[]}"#,
            r#"{"kcpV2":{"web_siteid":"A"},"kcp_v2":{"web_siteid":"B"}}"#,
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }
}
