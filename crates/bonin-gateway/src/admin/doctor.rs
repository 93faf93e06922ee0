//! Whether what is set up will work: what the database tells. The messages are Korean and say what to do.

use bonin_store::{PauseCause, Role, StoreKind};
use jiff::{SignedDuration, Timestamp};

use super::{Admin, Administrator, Error, WebhookState};
use crate::provider::{CertificateState, EnteredCredentials};

/// How far the database may be ahead of the clock: several machines are never quite at the same time.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);
/// From when on a secret's end is warned of.
const SECRET_ENDS_SOON: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Nothing has to be done.
    Fine,
    /// It works, but something should be done.
    Warning,
    /// It does not work, or is not safe.
    Failure,
}

impl Health {
    /// As JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warn",
            Self::Failure => "fail",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check, as JSON spells it.
    pub check: &'static str,
    /// How it stands.
    pub health: Health,
    /// What was found and, where it is not fine, what to do, in Korean.
    pub message: String,
}

impl Finding {
    /// Nothing has to be done.
    pub fn fine(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Health::Fine, message)
    }

    /// Something should be done.
    pub fn warning(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Health::Warning, message)
    }

    /// Something has to be done.
    pub fn failure(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Health::Failure, message)
    }

    fn new(check: &'static str, health: Health, message: impl Into<String>) -> Self {
        Self {
            check,
            health,
            message: message.into(),
        }
    }
}

impl Admin {
    /// All checks of what is in the database.
    pub async fn examine(&self, who: &Administrator) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        findings.extend(self.examine_stores(who).await?);
        findings.extend(self.examine_channels(who).await?);
        findings.extend(self.examine_secrets(who).await?);
        findings.extend(self.examine_users(who).await?);
        findings.extend(self.examine_webhooks(who).await?);
        findings.push(match self.verify_audit(who, None).await? {
            Ok(head) => Finding::fine(
                "audit",
                format!("감사 기록 {}건이 쓰인 그대로입니다.", head.seq),
            ),
            Err(problem) => Finding::failure(
                "audit",
                format!(
                    "감사 기록이 쓰인 그대로가 아닙니다({problem}). 누가 데이터베이스를 고쳤는지 조사하고 백업과 비교해야 합니다."
                ),
            ),
        });
        findings.push(clock(self.store.newest_time().await?, self.now()));
        Ok(findings)
    }

    async fn examine_stores(&self, who: &Administrator) -> Result<Vec<Finding>, Error> {
        let stores = self.stores(who).await?;
        if stores.is_empty() {
            return Ok(vec![Finding::failure(
                "stores",
                "상점이 없습니다. 콘솔이나 `bonin store create`로 만들어야 합니다.",
            )]);
        }
        let channels = self.channels(who, None).await?;
        let mut findings = Vec::new();
        for store in &stores {
            let (id, name) = (&store.id, &store.name);
            let mut own = channels
                .iter()
                .filter(|channel| channel.store == *id && channel.retired_at.is_none());
            if own.clone().next().is_none() {
                findings.push(Finding::warning(
                    "stores",
                    format!("상점 {name}({id})에 쓸 수 있는 채널이 없습니다. 콘솔이나 `bonin channel create`로 만들어야 합니다."),
                ));
            }
            if store.kind == StoreKind::Live
                && store.browser.origins.is_empty()
                && own.any(|channel| channel.window_url.is_some())
            {
                findings.push(Finding::warning(
                    "origins",
                    format!("LIVE 상점 {name}({id})에 허용할 출처(origin)가 없어 표준창을 열 수 없습니다. 콘솔이나 `bonin store update {id} --origin https://…`로 적어야 합니다."),
                ));
            }
        }
        if findings.is_empty() {
            findings.push(Finding::fine(
                "stores",
                format!("상점 {}개에 모두 채널이 있습니다.", stores.len()),
            ));
        }
        Ok(findings)
    }

    async fn examine_channels(&self, who: &Administrator) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        let channels = self.channels(who, None).await?;
        let used: Vec<_> = channels
            .iter()
            .filter(|channel| channel.retired_at.is_none())
            .collect();
        if used.is_empty() {
            findings.push(Finding::failure(
                "channels",
                "쓸 수 있는 채널이 없습니다. 콘솔이나 `bonin channel create`로 만들어야 합니다.",
            ));
            return Ok(findings);
        }
        for shown in &used {
            let called = format!("채널 {}({})", shown.name, shown.id);
            if let (Some((_, state)), Some(warning)) =
                (shown.certificate, shown.certificate_warning())
            {
                let message = format!("{called}: {warning}");
                findings.push(match state {
                    CertificateState::Expired => Finding::failure("certificates", message),
                    _ => Finding::warning("certificates", message),
                });
            }
            // Nothing new is entered: what is kept is held against the rules and the configuration of today.
            let Some(channel) = self.store.channel(&shown.id).await? else {
                continue;
            };
            let kept = EnteredCredentials::default();
            let provider = self.providers.of(&channel);
            let checked = provider.check(channel.kind, &kept, Some(&channel), self.now());
            if let Err(problems) = checked.await {
                for problem in problems.0 {
                    findings.push(Finding::failure(
                        "channels",
                        format!("{called}: {}: {}", problem.field, problem.message),
                    ));
                }
            }
        }
        if findings.is_empty() {
            findings.push(Finding::fine(
                "channels",
                format!("채널 {}개의 인증서와 주소에 문제가 없습니다.", used.len()),
            ));
        }
        Ok(findings)
    }

    async fn examine_secrets(&self, who: &Administrator) -> Result<Vec<Finding>, Error> {
        let now = self.now();
        let secrets = self.secrets(who).await?;
        let valid: Vec<_> = secrets
            .iter()
            .filter(|secret| secret.is_valid(now))
            .collect();
        if valid.is_empty() {
            return Ok(vec![Finding::failure(
                "secrets",
                "유효한 API 시크릿이 없습니다. 콘솔이나 `bonin secret create`로 만들어야 합니다.",
            )]);
        }
        let mut findings: Vec<Finding> = valid
            .iter()
            .filter_map(|secret| Some((secret, secret.expires_at?)))
            .filter(|(_, end)| end.duration_since(now) <= SECRET_ENDS_SOON)
            .map(|(secret, end)| {
                Finding::warning(
                    "secrets",
                    format!(
                        "API 시크릿 {}({})가 {end}에 끝납니다. 새 시크릿을 만들어 바꿔야 합니다.",
                        secret.name, secret.id
                    ),
                )
            })
            .collect();
        if findings.is_empty() {
            findings.push(Finding::fine(
                "secrets",
                format!("유효한 API 시크릿이 {}개 있습니다.", valid.len()),
            ));
        }
        Ok(findings)
    }

    async fn examine_webhooks(&self, who: &Administrator) -> Result<Vec<Finding>, Error> {
        let endpoints = self.webhooks(who, None).await?;
        let mut findings = Vec::new();
        let mut in_use = 0;
        for endpoint in &endpoints {
            let (id, store) = (&endpoint.id, &endpoint.store);
            let pending = endpoint.pending;
            match endpoint.state {
                WebhookState::Retired { .. } => continue,
                WebhookState::Live => {}
                WebhookState::Paused {
                    since,
                    cause: PauseCause::Failing,
                } => findings.push(Finding::failure(
                    "webhooks",
                    format!("상점 {store}의 웹훅 {id}: 계속 실패해서 {since}에 멈췄습니다(대기 {pending}건). 받는 쪽을 고치고 `bonin webhook test {id}`로 확인한 뒤 `bonin webhook resume {id}`로 다시 시작해야 합니다."),
                )),
                WebhookState::Paused { since, .. } => findings.push(Finding::warning(
                    "webhooks",
                    format!("상점 {store}의 웹훅 {id}: {since}부터 일시 중지되어 있습니다(대기 {pending}건). 다시 보내려면 `bonin webhook resume {id}`를 실행해야 합니다."),
                )),
                WebhookState::Failing { since } => findings.push(Finding::warning(
                    "webhooks",
                    format!("상점 {store}의 웹훅 {id}: {since}부터 한 번도 전달되지 않았습니다(대기 {pending}건). `bonin webhook deliveries {id}`로 까닭을 확인해야 합니다."),
                )),
            }
            in_use += 1;
        }
        if findings.is_empty() {
            findings.push(Finding::fine(
                "webhooks",
                format!("웹훅 {in_use}개가 모두 정상입니다."),
            ));
        }
        Ok(findings)
    }

    async fn examine_users(&self, who: &Administrator) -> Result<Vec<Finding>, Error> {
        let users = self.users(who).await?;
        let owners: Vec<_> = users
            .iter()
            .filter(|user| user.role == Role::Owner && !user.is_disabled())
            .collect();
        if owners.is_empty() {
            return Ok(vec![Finding::warning(
                "owner",
                "콘솔에 소유자(OWNER)가 없습니다. `bonin user setup-code`의 코드로 /console/setup에서 만들어야 합니다.",
            )]);
        }
        let without: Vec<_> = owners
            .iter()
            .filter(|user| !user.has_totp)
            .map(|user| user.username.as_str())
            .collect();
        Ok(vec![if without.is_empty() {
            Finding::fine(
                "owner",
                format!("콘솔 소유자 {}명이 모두 2단계 인증을 씁니다.", owners.len()),
            )
        } else {
            Finding::warning(
                "second_factor",
                format!(
                    "2단계 인증을 쓰지 않는 소유자가 있습니다({}). 콘솔의 내 계정에서 켜야 합니다.",
                    without.join(", ")
                ),
            )
        }])
    }
}

fn clock(newest: Option<Timestamp>, now: Timestamp) -> Finding {
    match newest {
        Some(newest) if newest.duration_since(now) > CLOCK_TOLERANCE => Finding::failure(
            "clock",
            format!(
                "이 컴퓨터의 시계({now})가 데이터베이스의 가장 최근 기록({newest})보다 늦습니다. 시각 동기화(NTP)를 확인해야 합니다."
            ),
        ),
        _ => Finding::fine(
            "clock",
            format!("시계가 데이터베이스와 어긋나지 않습니다({now})."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_is_noticed_and_a_second_is_nothing() {
        let now: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let ahead = |seconds| Some(now + SignedDuration::from_secs(seconds));
        assert_eq!(clock(None, now).health, Health::Fine);
        assert_eq!(clock(ahead(-3600), now).health, Health::Fine);
        assert_eq!(clock(ahead(1), now).health, Health::Fine);
        assert_eq!(clock(ahead(61), now).health, Health::Failure);
    }
}
