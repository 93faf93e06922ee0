//! What to do about codes of KCP that are about the merchant's settings.

/// What to set where, for a code that says that settings at KCP are missing. In Korean, for operators.
pub fn explanation(code: &str) -> Option<&'static str> {
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
