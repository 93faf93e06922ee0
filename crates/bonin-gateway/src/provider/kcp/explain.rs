//! What codes and calls mean, in Korean, for the people who run the gateway.

/// What to set where, for a code that says that settings at KCP are missing.
pub(super) fn about_settings(code: &str) -> Option<&'static str> {
    match code {
        "CS24" => Some(
            "KCP 파트너 관리자의 설정이 빠졌습니다. 부가서비스 > 휴대폰본인확인 > 인증결과URL설정에 게이트웨이의 public_url 호스트를 등록하고, 연동 방식이 표준창(V2)인지 확인해야 합니다.",
        ),
        "9562" => Some(
            "KCP와의 연동에 오류가 있습니다. 채널의 site_cd와 가맹점 인증키가 KCP 파트너 관리자에 있는 값과 같은지, 테스트와 운영 주소가 바뀌지 않았는지 확인해야 합니다.",
        ),
        _ => None,
    }
}

/// What a code of a call means and what to do about it. Most of KCP's own codes are not public: `None`.
pub fn explanation(code: &str) -> Option<&'static str> {
    Some(match code {
        "9999" => "고객이 인증 창에서 취소했습니다. 설정을 바꿀 필요는 없습니다.",
        "TIMEOUT" => {
            "KCP가 정해진 시간 안에 답하지 않았습니다. 요청은 KCP에 닿았을 수 있어, 돈이 드는 요청은 저절로 다시 보내지 않습니다. 되풀이되면 KCP의 장애 공지와 서버의 네트워크를 확인해야 합니다."
        }
        "UNREACHABLE" => {
            "KCP에 연결하지 못했습니다. 방화벽과 프록시가 KCP의 주소로 나가는 연결을 허용하는지, DNS가 되는지 확인해야 합니다."
        }
        "INVALID_RESPONSE" => {
            "KCP의 응답이 규격과 달라 쓸 수 없습니다. 채널의 주소가 KCP의 주소인지, 중간의 프록시가 응답을 바꾸지 않는지 확인해야 합니다."
        }
        "SB01" => "샌드박스의 코드: 입력한 정보가 통신사에 등록된 정보와 맞지 않습니다.",
        "SB02" => "샌드박스의 코드: 이 휴대폰에는 PASS 앱이 없습니다.",
        "SB11" => "샌드박스의 코드: 고객이 인증번호를 틀렸습니다.",
        "SB12" => "샌드박스의 코드: 인증번호의 유효 시간이 지났습니다.",
        "SB13" => "샌드박스의 코드: 인증번호를 너무 많이 틀려 더 받지 않습니다.",
        "SB21" => {
            "샌드박스의 코드: 고객이 아직 인증을 마치지 않았습니다. 기다리는 동안 나오는 코드입니다."
        }
        "SB22" => "샌드박스의 코드: 고객이 PASS 앱에서 거절했습니다.",
        "SB91" => {
            "샌드박스의 코드: 서명이나 인증서, 암호문을 받아들이지 않았습니다. 채널의 자격 증명을 확인해야 합니다."
        }
        "SB92" => {
            "샌드박스의 코드: 등록되지 않은 가맹점입니다. 채널의 site_cd와 주소를 확인해야 합니다."
        }
        "SB93" => "샌드박스의 코드: 요청의 필드가 잘못되었습니다.",
        "SB94" => "샌드박스의 코드: 순서에 맞지 않는 요청입니다.",
        "SB99" => "샌드박스의 코드: 샌드박스가 요청을 처리하지 못했습니다.",
        code => return about_settings(code),
    })
}

/// What a call asks for, as a noun: 인증번호 발송.
pub(in crate::provider) fn call_name(call: &str) -> Option<&'static str> {
    Some(match call {
        "2100" => "본인 정보 확인",
        "2200" => "인증번호 발송",
        "2300" => "인증번호 확인",
        "2400" | "2700" => "알뜰폰 사업자 조회",
        "2500" => "PASS 앱 알림 발송",
        "2600" => "PASS 인증 결과 조회",
        "register" => "인증 창 등록",
        "query" => "인증 창 결과 조회",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_own_doing_is_no_matter_of_settings() {
        for code in ["9999", "SB11", "SB22", "TIMEOUT"] {
            assert!(explanation(code).is_some(), "{code}");
            assert!(about_settings(code).is_none(), "{code}");
        }
        assert!(about_settings("CS24").is_some());
        assert_eq!(explanation("CS24"), about_settings("CS24"));
    }

    #[test]
    fn what_is_not_known_is_not_explained() {
        assert_eq!(explanation("8001"), None);
        assert_eq!(call_name("8001"), None);
    }
}
