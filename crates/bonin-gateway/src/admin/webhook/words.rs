//! What is said of messages and their tries, in Korean, for pages and the shell.

use bonin_store::{DeliveryState, TryFailure, TryOutcome, is_success};

/// How far a message has come, in Korean.
pub fn state_name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "대기",
        DeliveryState::Delivered => "전달됨",
        DeliveryState::GaveUp => "전달 포기",
        DeliveryState::Dropped => "취소됨",
    }
}

/// What came of a try and, where it failed, what to look at, in Korean.
pub fn try_explanation(outcome: TryOutcome) -> &'static str {
    match outcome {
        _ if is_success(outcome) => "받는 쪽이 받았습니다.",
        Ok(300..=399) => {
            "받는 쪽이 다른 주소로 보내려 했습니다. 웹훅은 리다이렉트를 따라가지 않으므로 최종 주소를 등록해야 합니다."
        }
        Ok(401 | 403) => {
            "받는 쪽이 거절했습니다. 받는 쪽의 인증이나 방화벽이 웹훅을 막는지 확인해야 합니다."
        }
        Ok(404 | 405 | 410) => {
            "받는 쪽에 그런 주소가 없거나 POST를 받지 않습니다. 등록한 주소를 확인해야 합니다."
        }
        Ok(400..=499) => "받는 쪽이 거절했습니다. 받는 쪽의 기록을 확인해야 합니다.",
        Ok(_) => "받는 쪽에서 오류가 났습니다. 받는 쪽의 기록을 확인해야 합니다.",
        Err(TryFailure::Timeout) => {
            "정해진 시간 안에 응답이 없었습니다. 받는 쪽은 먼저 2xx로 응답하고 일은 나중에 해야 합니다."
        }
        Err(TryFailure::Unreachable) => {
            "연결하지 못했습니다. 주소의 호스트 이름, 포트, 방화벽, TLS 인증서를 확인해야 합니다."
        }
        Err(TryFailure::Forbidden) => {
            "허용되지 않은 네트워크의 주소라서 보내지 않았습니다. 공개된 https 주소를 쓰거나, 운영 설정 webhook_allow_networks에 그 네트워크를 적어야 합니다."
        }
        Err(TryFailure::Disconnected) => {
            "응답이 오기 전에 연결이 끊겼거나 HTTP가 아닌 것이 왔습니다. 받는 쪽의 기록을 확인해야 합니다."
        }
        Err(TryFailure::NotSent) => {
            "저장된 주소나 시크릿을 읽을 수 없어 보내지 못했습니다. 주소를 다시 저장하고 시크릿을 교체해야 합니다."
        }
    }
}
