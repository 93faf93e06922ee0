//! The audit in sentences.

use bonin_store::AuditProblem;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::words::korean;

/// What can be asked for together: the first word of an action, and what people call it.
pub(super) const GROUPS: [(&str, &str); 12] = [
    ("verification", "본인인증 열람·검색·파기"),
    ("retention", "보관 기간에 따른 파기"),
    ("store", "상점"),
    ("channel", "채널"),
    ("secret", "API 시크릿"),
    ("webhook", "웹훅"),
    ("user", "사용자"),
    ("login", "로그인"),
    ("logout", "로그아웃"),
    ("session", "세션"),
    ("key", "키"),
    ("audit", "감사 기록"),
];

/// What was done.
pub(super) fn sentence(action: &str) -> String {
    let known = match action {
        "store.create" => "상점을 만들었습니다",
        "store.update" => "상점 설정을 바꿨습니다",
        "channel.create" => "채널을 만들었습니다",
        "channel.update" => "채널 설정을 바꿨습니다",
        "channel.replace_credentials" => "채널의 자격 증명을 바꿨습니다",
        "channel.test" => "채널을 시험했습니다",
        "channel.retire" => "채널을 보관했습니다",
        "channel.restore" => "보관했던 채널을 다시 씁니다",
        "secret.create" => "API 시크릿을 만들었습니다",
        "secret.rename" => "API 시크릿의 이름을 바꿨습니다",
        "secret.revoke" => "API 시크릿을 폐기했습니다",
        "webhook.create" => "웹훅을 만들었습니다",
        "webhook.update" => "웹훅의 주소나 이벤트를 바꿨습니다",
        "webhook.rotate_secret" => "웹훅의 시크릿을 교체했습니다",
        "webhook.pause" => "웹훅을 멈췄습니다",
        "webhook.resume" => "웹훅을 다시 시작했습니다",
        "webhook.retire" => "웹훅을 폐기했습니다",
        "webhook.test" => "웹훅에 시험 메시지를 보냈습니다",
        "webhook.replay" => "웹훅 메시지를 다시 보냈습니다",
        "user.setup_code" => "첫 소유자를 만들 설정 코드를 만들었습니다",
        "user.create" => "사용자를 만들었습니다",
        "user.set_role" => "사용자의 역할을 바꿨습니다",
        "user.set_password" => "비밀번호를 바꿨습니다",
        "user.enable_totp" => "2단계 인증을 켰습니다",
        "user.disable_totp" => "2단계 인증을 껐습니다",
        "user.disable" => "사용자를 막았습니다",
        "user.enable" => "막았던 사용자를 풀었습니다",
        "user.unlock" => "로그인 잠금을 풀었습니다",
        "login.success" => "로그인했습니다",
        "login.failed" => "로그인에 실패했습니다",
        "login.locked" => "로그인이 잠겼습니다",
        "logout" => "로그아웃했습니다",
        "session.end" => "세션을 끝냈습니다",
        "session.end_others" => "다른 세션을 모두 끝냈습니다",
        "verification.reveal" => "개인정보를 열람했습니다",
        "verification.search" => "개인정보로 검색했습니다",
        "verification.erase" => "개인정보를 파기했습니다",
        "retention.erase" => "보관 기간이 지난 개인정보를 파기했습니다",
        "key.rotate" => "새 키로 바꾸기 시작했습니다",
        "key.retire" => "옛 키로 암호화된 것이 더 없습니다",
        "audit.export_head" => "감사 기록의 머리값을 내보냈습니다",
        _ => return action.to_owned(),
    };
    known.to_owned()
}

/// What people call a field of the details.
fn field(name: &str) -> &str {
    match name {
        "name" => "이름",
        "kind" => "종류",
        "allowTestChannels" => "LIVE 상점의 TEST 채널 허용",
        "origins" => "허용한 출처",
        "redirectHosts" => "돌아갈 호스트",
        "redirectSchemes" => "돌아갈 앱 스킴",
        "phoneMessages" => "한 번호로 보내는 메시지 한도",
        "dailyTries" => "하루 시도 한도",
        "retentionDays" => "보관 일수",
        "key" => "채널 키",
        "pgProvider" => "PG사",
        "pgMerchantId" => "사이트 코드",
        "hubUrl" => "허브 주소",
        "windowUrl" => "표준창 주소",
        "certificateEndsAt" => "인증서 만료",
        "credentials" => "바뀐 자격 증명",
        "hub" => "허브형",
        "window" => "표준창",
        "prefix" => "앞부분",
        "otherStores" => "다른 상점",
        "expiresAt" => "만료",
        "verifications" => "파기한 본인인증",
        "days" => "보관 일수",
        "keys" => "키",
        "from" => "전",
        "to" => "후",
        "role" => "역할",
        "username" => "아이디",
        "fields" => "항목",
        "secondFactor" => "2단계 인증",
        "failures" => "연이은 실패",
        "linking" => "CI·DI 열람",
        "txId" => "시도(txId)",
        "origin" => "받는 곳",
        "events" => "이벤트",
        "cause" => "까닭",
        "failingSince" => "실패하기 시작한 때",
        "previousUntil" => "이전 시크릿을 함께 쓰는 때까지",
        "delivery" => "메시지",
        other => other,
    }
}

/// What changed, one thing a line.
pub(super) fn changes(details: &str) -> Vec<String> {
    let Ok(Value::Object(details)) = serde_json::from_str(details) else {
        return Vec::new();
    };
    details
        .iter()
        .filter_map(|(name, value)| change(name, value))
        .collect()
}

fn change(name: &str, value: &Value) -> Option<String> {
    let told = |value: &Value| match value {
        Value::String(text) => known(name, text).unwrap_or_else(|| plain(value)),
        value => plain(value),
    };
    let name = field(name);
    if let Some((from, to)) = value.as_object().and_then(from_to) {
        return Some(format!("{name}: {} → {}", told(from), told(to)));
    }
    match value {
        Value::Null => None,
        Value::Array(all) if all.is_empty() => None,
        value => Some(format!("{name}: {}", told(value))),
    }
}

fn from_to(change: &Map<String, Value>) -> Option<(&Value, &Value)> {
    (change.len() == 2).then(|| Some((change.get("from")?, change.get("to")?)))?
}

/// A value that is written for machines, as people read it: a time as clocks in Korea show it, like those beside it.
fn known(name: &str, text: &str) -> Option<String> {
    match (name, text) {
        ("certificateEndsAt" | "expiresAt" | "failingSince" | "previousUntil", time) => {
            let there = korean(time.parse::<Timestamp>().ok()?);
            Some(there.strftime("%Y-%m-%d %H:%M").to_string())
        }
        ("cause", "FAILING") => Some("전달에 계속 실패함".to_owned()),
        ("cause", "REQUEST") => Some("사람이 멈춤".to_owned()),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "없음".to_owned(),
        Value::Bool(true) => "예".to_owned(),
        Value::Bool(false) => "아니요".to_owned(),
        Value::String(text) if text.is_empty() => "없음".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "없음".to_owned(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Where the chain is broken.
pub(super) fn problem(problem: &AuditProblem) -> String {
    match problem {
        AuditProblem::Changed(seq) => {
            format!("{seq}번 기록이 쓰인 내용과 다르거나 제자리에 있지 않습니다.")
        }
        AuditProblem::Missing(seq) => format!("{seq}번 기록이 없습니다."),
        AuditProblem::CutOff { found, known } => {
            format!("기록은 {known}건이 쓰였는데 {found}건만 남아 있습니다. 끝이 잘렸습니다.")
        }
        AuditProblem::NotTheHead(seq) => format!(
            "내보낸 머리값({seq}번)이 이 기록에 없습니다. 끝이 잘렸거나, 옛 데이터베이스로 되돌렸거나, 다른 데이터베이스의 머리값입니다."
        ),
        AuditProblem::EndChanged => {
            "기록의 끝을 적어 둔 것이 쓰인 것과 다릅니다. 끝이 잘리고, 잘린 것을 숨기려 한 것입니다.".to_owned()
        }
        AuditProblem::NoKey => {
            "기록을 지키는 키가 없거나 열리지 않습니다. 기록을 믿을 수 없습니다.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_words_with_what_was_before() {
        let details = r#"{"name":{"from":"가게","to":"새 가게"},"origins":{"from":[],"to":["https://a.example"]},
            "dailyTries":null,"otherStores":[],"credentials":["hub"]}"#;
        assert_eq!(
            changes(details),
            [
                "바뀐 자격 증명: hub",
                "이름: 가게 → 새 가게",
                "허용한 출처: 없음 → https://a.example"
            ]
        );
        assert!(changes("not json").is_empty());
    }

    #[test]
    fn times_are_told_as_clocks_in_korea_show_them() {
        let paused = r#"{"cause":"FAILING","failingSince":"2026-11-23T17:18:07.955Z"}"#;
        assert_eq!(
            changes(paused),
            [
                "까닭: 전달에 계속 실패함",
                "실패하기 시작한 때: 2026-11-24 02:18"
            ]
        );
        let unreadable = r#"{"expiresAt":"never"}"#;
        assert_eq!(changes(unreadable), ["만료: never"]);
    }

    #[test]
    fn an_action_that_a_newer_version_wrote_is_shown_by_its_name() {
        assert_eq!(sentence("client.create"), "client.create");
    }
}
