//! What happened, in sentences that can be read aloud to a customer.

use bonin_core::Way;
use maud::{Markup, html};

use super::super::{
    overview::UNKNOWN,
    words::{clock, korean, length},
};
use crate::{admin::TimelineLine, particles::object};

/// How a line looks: what went well, what went wrong, and what just happened.
fn class(line: &TimelineLine) -> &'static str {
    match line.entry.kind.as_str() {
        "asked_pg" => match line.entry.code.as_deref() {
            Some("0000") => "",
            _ => "bad",
        },
        "sent" | "resent" | "verified" => "good",
        kind if kind.starts_with("failed") => "bad",
        "expired" | "wrong_number" | "resend_failed" | "return_forged" | "came_too_late" => "bad",
        _ => "",
    }
}

/// The lines of one try, in order. The date stands where it changes.
pub(super) fn story(lines: &[&TimelineLine], way: Way) -> Markup {
    let mut day = None;
    html! {
        ol.story {
            @for line in lines {
                @let there = korean(line.entry.at);
                @let date = (day != Some(there.date())).then(|| there.date());
                li class=(class(line)) data-kind=(line.entry.kind) {
                    p {
                        time datetime=(line.entry.at.to_string()) { @if let Some(date) = date { (date) " " } (clock(there)) }
                        " " (sentence(line, way))
                    }
                    @if let Some(explanation) = explained(line) { p.hint { (explanation) } }
                }
                @let _ = day.replace(there.date());
            }
        }
    }
}

/// What a refusal means, beneath it.
fn explained(line: &TimelineLine) -> Option<&'static str> {
    let code = line.entry.code.as_deref()?;
    (line.entry.call.is_some() && code != "0000").then_some(line.explanation.unwrap_or(UNKNOWN))
}

/// One line as a sentence.
pub(super) fn sentence(line: &TimelineLine, way: Way) -> String {
    let told = match (line.entry.kind.as_str(), way) {
        ("asked_pg", _) => return asked(line),
        ("returned", _) => return returned(line),
        ("begun", Way::Sms) => "서비스가 문자 인증을 시작했습니다.",
        ("begun", Way::App) => "서비스가 PASS 앱 인증을 시작했습니다.",
        ("begun", Way::Window) => "고객이 인증 창을 열기 시작했습니다.",
        ("sent", Way::Sms) => "고객의 휴대폰으로 인증번호를 보냈습니다.",
        ("sent", Way::App) => "고객의 PASS 앱으로 인증 요청을 보냈습니다.",
        ("sent", Way::Window) => "고객에게 KCP의 인증 창을 열어 주었습니다.",
        ("confirm_asked", Way::Sms) => "고객이 입력한 인증번호를 서비스가 확인해 달라고 했습니다.",
        ("confirm_asked", _) => "인증이 끝났는지 서비스가 확인해 달라고 했습니다.",
        ("resend_asked", _) => "서비스가 인증번호를 다시 보내 달라고 했습니다.",
        ("resent", _) => "고객의 휴대폰으로 인증번호를 다시 보냈습니다.",
        ("resend_failed", _) => {
            "인증번호를 다시 보내지 못했거나, 보냈는지 알 수 없습니다. 먼저 보낸 번호는 그대로 쓸 수 있습니다."
        }
        ("wrong_number", _) => "고객이 입력한 인증번호가 틀렸습니다.",
        ("stayed_open", _) => "아직 결과가 나오지 않아 기다립니다.",
        ("verified", _) => "본인인증에 성공했습니다.",
        ("failed", _) => "KCP가 거절해 실패로 끝났습니다.",
        ("failed_nothing_sent", _) => {
            "KCP가 제대로 답하지 않아 고객에게 아무것도 보내지 못하고 실패로 끝났습니다."
        }
        ("failed_outcome_unknown", _) => {
            "KCP의 답이 오지 않아 실패로 끝냈습니다. 고객에게 메시지가 갔을 수 있습니다."
        }
        ("expired", _) => "고객이 제한 시간 안에 마치지 않아 끝났습니다.",
        ("failed_too_many_wrong_numbers", _) => {
            "인증번호를 허용된 횟수만큼 틀려 실패로 끝났습니다."
        }
        ("replaced", _) => "고객이 인증 창을 새로 열어, 이 시도는 뒤의 시도로 바뀌었습니다.",
        ("came_too_late", _) => "이미 끝난 뒤에 결과가 와서 반영하지 않았습니다.",
        ("return_forged", _) => {
            "인증 창에서 돌아온 것처럼 꾸민 요청이 있었고, 받아들이지 않았습니다."
        }
        ("erased", _) => "개인정보를 파기했습니다.",
        (kind, _) => return format!("기록된 일: {kind}"),
    };
    told.to_owned()
}

/// A call to the provider, and what came of it.
fn asked(line: &TimelineLine) -> String {
    let entry = &line.entry;
    let call = entry.call.as_deref().unwrap_or_default();
    let code = entry.code.as_deref().unwrap_or_default();
    let what = object(line.call_name.unwrap_or("처리"));
    let took = length(entry.millis.unwrap_or_default());
    let came = match code {
        "0000" => format!("{took} 만에 성공했습니다"),
        "TIMEOUT" => format!("{took} 동안 기다렸지만 답이 없었습니다"),
        "UNREACHABLE" => "연결하지 못했습니다".to_owned(),
        "INVALID_RESPONSE" => format!("{took} 만에 온 답을 알아볼 수 없었습니다"),
        _ => format!("{took} 만에 거절되었습니다"),
    };
    format!("KCP에 {what} 요청했고 {came}({call}, {code}).")
}

/// The way back from the window, with what the browser brought.
fn returned(line: &TimelineLine) -> String {
    match line.entry.code.as_deref() {
        None | Some("0000" | "") => "고객이 인증 창에서 돌아왔습니다.".to_owned(),
        Some("9999") => "고객이 인증 창에서 취소하고 돌아왔습니다(9999).".to_owned(),
        Some(code) => format!("고객이 마치지 못하고 인증 창에서 돌아왔습니다({code})."),
    }
}

#[cfg(test)]
mod tests {
    use bonin_core::{Claim, ClaimToken, Event, EventKind, FailureReason, Purpose, TxId};
    use bonin_store::TimelineEntry;
    use jiff::Timestamp;

    use super::*;

    fn line(kind: &str) -> TimelineLine {
        TimelineLine {
            entry: TimelineEntry {
                at: "2026-11-23T09:05:12Z".parse().unwrap(),
                tx_id: TxId::parse("0".repeat(32)).unwrap(),
                kind: kind.to_owned(),
                call: None,
                code: None,
                millis: None,
            },
            call_name: None,
            explanation: None,
        }
    }

    fn call(call: &str, name: &'static str, code: &str, millis: i64) -> TimelineLine {
        let mut line = line("asked_pg");
        line.entry.call = Some(call.to_owned());
        line.entry.code = Some(code.to_owned());
        line.entry.millis = Some(millis);
        line.call_name = Some(name);
        line
    }

    /// One event of every kind there is.
    fn every_kind() -> Vec<EventKind> {
        let token = ClaimToken::parse("1".repeat(32)).unwrap();
        let until = Timestamp::UNIX_EPOCH;
        let claim = |purpose| {
            EventKind::Claimed(Claim {
                token: token.clone(),
                purpose,
                until,
            })
        };
        let mut kinds = vec![
            EventKind::Begun {
                way: Way::Sms,
                settle_by: until,
            },
            EventKind::Opened { live_until: until },
            claim(Purpose::Confirm),
            claim(Purpose::Resend),
            EventKind::Resent {
                token: token.clone(),
                live_until: until,
            },
            EventKind::ResendFailed {
                token: token.clone(),
            },
            EventKind::WrongNumber { token: None },
            EventKind::StayedOpen { token: None },
            EventKind::Verified,
            EventKind::Replaced,
            EventKind::CameTooLate,
        ];
        let reasons = [
            FailureReason::Refused,
            FailureReason::NothingSent,
            FailureReason::OutcomeUnknown,
            FailureReason::Expired,
            FailureReason::TooManyWrongNumbers,
        ];
        kinds.extend(reasons.map(EventKind::Failed));
        kinds
    }

    #[test]
    fn everything_that_can_happen_is_told_in_a_sentence_of_its_own() {
        for way in [Way::Sms, Way::App, Way::Window] {
            let mut told: Vec<String> = every_kind()
                .into_iter()
                .map(|kind| {
                    let event = Event {
                        tx_id: TxId::parse("0".repeat(32)).unwrap(),
                        kind,
                    };
                    sentence(&line(event.kind.name()), way)
                })
                .chain(
                    ["returned", "return_forged", "erased"].map(|kind| sentence(&line(kind), way)),
                )
                .collect();
            for sentence in &told {
                assert!(sentence.ends_with("니다."), "{sentence}");
                assert!(!sentence.contains('_'), "{sentence}");
            }
            let all = told.len();
            told.sort_unstable();
            told.dedup();
            assert_eq!(told.len(), all, "two events read the same: {told:#?}");
        }
    }

    #[test]
    fn a_call_is_told_with_its_outcome_its_time_and_its_codes() {
        assert_eq!(
            sentence(&call("2200", "인증번호 발송", "0000", 210), Way::Sms),
            "KCP에 인증번호 발송을 요청했고 0.2초 만에 성공했습니다(2200, 0000)."
        );
        assert_eq!(
            sentence(&call("2100", "본인 정보 확인", "TIMEOUT", 30_000), Way::Sms),
            "KCP에 본인 정보 확인을 요청했고 30초 동안 기다렸지만 답이 없었습니다(2100, TIMEOUT)."
        );
        assert_eq!(
            sentence(&call("query", "인증 창 결과 조회", "8001", 45), Way::Window),
            "KCP에 인증 창 결과 조회를 요청했고 0.04초 만에 거절되었습니다(query, 8001)."
        );
    }

    #[test]
    fn a_refusal_is_explained_even_where_nobody_knows_its_code() {
        assert_eq!(explained(&call("2100", "", "8001", 1)), Some(UNKNOWN));
        assert_eq!(explained(&call("2100", "", "0000", 1)), None);
        assert_eq!(explained(&line("verified")), None);
    }

    #[test]
    fn the_date_stands_where_it_changes() {
        let (first, mut second, mut third) = (line("begun"), line("sent"), line("verified"));
        second.entry.at = "2026-11-23T09:05:13Z".parse().unwrap();
        third.entry.at = "2026-11-23T15:00:01Z".parse().unwrap();
        let told = story(&[&first, &second, &third], Way::Sms).into_string();
        assert!(told.contains(">2026-11-23 18:05:12<"), "{told}");
        assert!(told.contains(">18:05:13<"), "{told}");
        assert!(told.contains(">2026-11-24 00:00:01<"), "{told}");
    }
}
