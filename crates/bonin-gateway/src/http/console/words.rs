//! What people call the domain's things, in Korean.

use bonin_core::{AttemptState, FailureReason, Operator, Status, Way};
use jiff::{Timestamp, civil::DateTime, tz};
use maud::{Markup, html};

/// A moment as clocks in Korea show it.
pub(super) fn korean(at: Timestamp) -> DateTime {
    tz::offset(9).to_datetime(at)
}

/// `18:05:12`.
pub(super) fn clock(at: DateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// A moment in Korea, to the second: support compares it with what a customer saw.
pub(super) fn moment(at: Timestamp) -> Markup {
    let there = korean(at);
    html! { time datetime=(at.to_string()) { (there.date()) " " (clock(there)) } }
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Ready => "진행 중",
        Status::Verified => "성공",
        Status::Failed => "실패",
    }
}

/// A status, to be seen at a glance.
pub(super) fn status_badge(of: Status) -> Markup {
    let class = match of {
        Status::Ready => "badge ready",
        Status::Verified => "badge verified",
        Status::Failed => "badge failed",
    };
    html! { span class=(class) { (status(of)) } }
}

/// Where a try stands, to be seen at a glance.
pub(super) fn try_badge(of: AttemptState) -> Markup {
    match of {
        AttemptState::Begun | AttemptState::Open => status_badge(Status::Ready),
        AttemptState::Verified => status_badge(Status::Verified),
        AttemptState::Failed(_) => status_badge(Status::Failed),
        AttemptState::Replaced => html! { span.badge { "바뀜" } },
    }
}

pub(super) fn way(way: Way) -> &'static str {
    match way {
        Way::Sms => "문자(API)",
        Way::App => "PASS 앱(API)",
        Way::Window => "표준창(SDK)",
    }
}

pub(super) fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Skt => "SKT",
        Operator::Kt => "KT",
        Operator::Lgu => "LG U+",
        Operator::SktMvno => "SKT 알뜰폰",
        Operator::KtMvno => "KT 알뜰폰",
        Operator::LguMvno => "LG U+ 알뜰폰",
    }
}

/// Why a try failed, in a sentence.
pub(super) fn reason(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Refused => "KCP가 거절했습니다.",
        FailureReason::NothingSent => {
            "KCP가 제대로 답하지 않아 고객에게 아무것도 보내지 못했습니다."
        }
        FailureReason::OutcomeUnknown => {
            "KCP의 답이 오지 않아 결과를 알 수 없습니다. 고객에게 메시지가 갔을 수 있습니다."
        }
        FailureReason::Expired => "고객이 제한 시간 안에 마치지 않았습니다.",
        FailureReason::TooManyWrongNumbers => "인증번호를 허용된 횟수만큼 틀렸습니다.",
    }
}

/// How long something took, as people say it.
pub(super) fn length(millis: i64) -> String {
    let millis = millis.max(10);
    let seconds = millis / 1000;
    match millis {
        0..100 => format!("0.{:02}초", millis / 10),
        100..10_000 => format!("{seconds}.{}초", millis % 1000 / 100),
        _ => format!("{seconds}초"),
    }
}

/// A number with its thousands apart.
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    if number < 0 { format!("-{told}") } else { told }
}

/// Of 1000, as per cent with one digit after the point.
pub(super) fn percent(permille: i64) -> String {
    match permille {
        1000 => "100%".to_owned(),
        permille => format!("{}.{}%", permille / 10, permille % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_people_say_them() {
        let table = [
            (0, "0.01초"),
            (45, "0.04초"),
            (99, "0.09초"),
            (200, "0.2초"),
            (1_950, "1.9초"),
            (30_000, "30초"),
        ];
        for (millis, told) in table {
            assert_eq!(length(millis), told);
        }
    }

    #[test]
    fn numbers_and_rates_can_be_read() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(percent(1000), "100%");
        assert_eq!(percent(987), "98.7%");
        assert_eq!(percent(0), "0.0%");
    }
}
