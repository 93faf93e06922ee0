//! `POST /identity-verifications/{identityVerificationId}/send`.

use std::net::IpAddr;

use jiff::civil::Date;

use super::kcp::{Bypass, KcpV2Bypass};
use super::reader::Given;
use super::text::Text;
use super::{Fields, InvalidRequest};
use crate::contract::wire_struct;
use crate::personal::{Personal, Secret};
use crate::values::{IdentityVerificationMethod, IdentityVerificationOperator};

type Parsed<T> = Result<T, InvalidRequest>;

wire_struct! {
    /// 본인인증 요청을 위한 고객 정보.
    pub struct SendIdentityVerificationBodyCustomer {
        required {
            /// 이름, 1~50자. 앞뒤 공백과 `^`는 쓸 수 없습니다.
            name as "name": Personal<String>,
            /// 전화번호. 하이픈 없이 숫자만 10~11자리로 적습니다.
            phone_number as "phoneNumber": Personal<String>,
            /// 고객의 IP 주소(IPv4 또는 IPv6). 고객별 요청 횟수를 제한하는 데 씁니다.
            ip_address as "ipAddress": Personal<IpAddr>,
        }
        optional {
            /// 고객사가 정한 고객 아이디.
            id as "id": Personal<String>,
            /// 주민등록번호 앞 7자리. SMS 방식이면 필수입니다. 저장하지 않습니다.
            identity_number as "identityNumber": Secret,
        }
    }
}

wire_struct! {
    /// 본인인증 요청을 위한 입력 정보.
    pub struct SendIdentityVerificationBody {
        required {
            /// 채널 키.
            channel_key as "channelKey": String,
            /// 고객 정보.
            customer as "customer": SendIdentityVerificationBodyCustomer,
            /// 통신사.
            operator as "operator": IdentityVerificationOperator,
            /// 본인인증 방식.
            method as "method": IdentityVerificationMethod,
        }
        optional {
            /// 상점 아이디. 접근 권한이 있는 상점만 쓸 수 있고, 없으면 인증 정보의 기본 상점입니다.
            store_id as "storeId": String,
            /// 사용자 지정 데이터. 조회할 때 그대로 돌려줍니다. NUL 문자(U+0000)만 쓸 수 없습니다.
            custom_data as "customData": Personal<String>,
            /// PG사별 추가 파라미터. KCP 채널이면 `kcpV2` 객체를 담습니다(`kcp_v2`라고 적어도 됩니다). 객체를 JSON 문자열로 만들어 보내도 됩니다.
            bypass as "bypass": Bypass,
        }
    }
}

impl SendIdentityVerificationBody {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of the contract's fields.
    pub fn parse(body: &[u8]) -> Parsed<Self> {
        let mut fields = Fields::of_body(body)?;
        let id = |given: Given| Ok(given.text()?.id()?.into_string());
        let store_id = fields.maybe("storeId", id)?;
        let channel_key = id(fields.required("channelKey")?)?;
        let customer = customer(fields.required("customer")?.object()?)?;
        let custom_data = fields.maybe("customData", |given| Ok(given.text()?.personal()))?;
        let bypass = fields.maybe("bypass", Bypass::read)?;
        let operator = fields.required("operator")?.choice()?;
        let method = fields.required("method")?.choice()?;
        if method == IdentityVerificationMethod::Sms && customer.identity_number.is_none() {
            return Err(InvalidRequest::new(
                "customer.identityNumber",
                "method가 SMS이면 필수 항목입니다. 주민등록번호 앞 7자리를 적어야 합니다.",
            ));
        }
        Ok(Self {
            channel_key,
            customer,
            operator,
            method,
            store_id,
            custom_data,
            bypass,
        })
    }

    /// KCP's parameters, which a KCP channel cannot do without.
    ///
    /// # Errors
    ///
    /// The body has none.
    pub fn kcp_v2(&self) -> Parsed<&KcpV2Bypass> {
        self.bypass
            .as_ref()
            .and_then(|bypass| bypass.kcp_v2.as_ref())
            .ok_or_else(|| {
                InvalidRequest::new(
                    "bypass.kcpV2",
                    "KCP 채널이면 필수 항목입니다 (예: {\"kcpV2\": {\"media_type\": \"MC01\"}}).",
                )
            })
    }
}

fn customer(mut fields: Fields) -> Parsed<SendIdentityVerificationBodyCustomer> {
    Ok(SendIdentityVerificationBodyCustomer {
        id: fields.maybe("id", |given| Ok(given.text()?.id()?.personal()))?,
        name: name(fields.required("name")?)?,
        phone_number: phone_number(fields.required("phoneNumber")?)?,
        identity_number: fields.maybe("identityNumber", identity_number)?,
        ip_address: ip_address(fields.required("ipAddress")?)?,
    })
}

fn name(given: Given) -> Parsed<Personal<String>> {
    given
        .text()?
        .length(1..=50)?
        .one_line()?
        .must(
            |name| name.trim() == name,
            || "앞뒤에 공백이 없어야 합니다.".to_owned(),
        )?
        // KCP's signature joins the fields by it (KCP hub, kcp_sign_data).
        .must(
            |name| !name.contains('^'),
            || "'^' 문자는 쓸 수 없습니다.".to_owned(),
        )
        .map(Text::personal)
}

fn phone_number(given: Given) -> Parsed<Personal<String>> {
    const RULE: &str = "01로 시작하는 휴대전화 번호를 하이픈 없이 숫자만 10~11자리로 적어야 합니다 (예: 01012345678).";
    given
        .text()?
        .digits(10..=11, RULE)?
        .must(|number| number.starts_with("01"), || RULE.to_owned())
        .map(Text::personal)
}

fn identity_number(given: Given) -> Parsed<Secret> {
    given
        .text()?
        .digits(7..=7, "주민등록번호 앞 7자리를 하이픈 없이 숫자만 적어야 합니다 (예: 9001011).")?
        .must(
            |digits| birth_date(digits.as_bytes()).is_some(),
            || "앞 6자리와 7번째 자리가 가리키는 생년월일이 실제로 있는 날짜여야 합니다 (예: 9001011).".to_owned(),
        )
        .map(Text::secret)
}

/// The seventh digit tells the century (and sex and nationality): 1, 2, 5, 6 the 1900s, 3, 4, 7, 8 the 2000s, 9, 0 the
/// 1800s.
fn birth_date(digits: &[u8]) -> Option<Date> {
    let &[y1, y2, m1, m2, d1, d2, seventh] = digits else {
        return None;
    };
    let century: i16 = match seventh {
        b'1' | b'2' | b'5' | b'6' => 1900,
        b'3' | b'4' | b'7' | b'8' => 2000,
        b'9' | b'0' => 1800,
        _ => return None,
    };
    let two = |tens: u8, ones: u8| i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok();
    Date::new(
        century + i16::from(two(y1, y2)?),
        two(m1, m2)?,
        two(d1, d2)?,
    )
    .ok()
}

fn ip_address(given: Given) -> Parsed<Personal<IpAddr>> {
    let text = given.text()?;
    text.as_str()
        .parse()
        .map(Personal::new)
        .map_err(|_| text.refused("IPv4 또는 IPv6 주소여야 합니다 (예: 203.0.113.7)."))
}
