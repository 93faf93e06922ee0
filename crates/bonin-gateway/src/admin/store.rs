//! Stores.

use bonin_core::StoreId;
use bonin_store::{BrowserRules, NewStore, StoreKind, StoreLimits, StoreRow};
use url::Url;

use super::{Action, Admin, Administrator, Error, Problems, name};
use crate::{ids, service::checkout::is_hostile};

/// The most entries a list of a store may have.
const MAX_ENTRIES: usize = 50;
/// The longest entry of such a list.
const MAX_ENTRY: usize = 255;
/// The longest retention: ten years.
const MAX_RETENTION_DAYS: u32 = 3650;
/// The highest limit: more is no limit.
const MAX_LIMIT: u32 = 1_000_000;

/// A store as it was filled in. Empty numbers mean: no limit of its own, no retention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreForm {
    /// What people call it: 1 to 100 characters on one line.
    pub name: String,
    /// Whether a LIVE store takes TEST channels. A TEST store always does.
    pub allow_test_channels: bool,
    /// Origins that pages may call from: `https://shop.example.com`.
    pub origins: Vec<String>,
    /// Hosts that browsers may be sent back to: `pay.example.com`, `localhost:3000`.
    pub redirect_hosts: Vec<String>,
    /// Schemes of apps that browsers may be sent back to: `myapp`.
    pub redirect_schemes: Vec<String>,
    /// Messages to one phone, in the time that the configuration says.
    pub phone_messages: String,
    /// Tries within 24 hours.
    pub daily_tries: String,
    /// After how many days personal data is erased.
    pub retention_days: String,
}

impl From<&StoreRow> for StoreForm {
    fn from(store: &StoreRow) -> Self {
        let number = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        Self {
            name: store.name.clone(),
            allow_test_channels: store.allow_test_channels,
            origins: store.browser.origins.clone(),
            redirect_hosts: store.browser.redirect_hosts.clone(),
            redirect_schemes: store.browser.redirect_schemes.clone(),
            phone_messages: number(store.limits.phone_messages),
            daily_tries: number(store.limits.daily_tries),
            retention_days: number(store.retention_days),
        }
    }
}

impl StoreForm {
    fn checked(&self, id: StoreId, kind: StoreKind) -> Result<StoreRow, Error> {
        let mut problems = Problems::default();
        let name = name(&mut problems, "name", &self.name);
        let origins = list(&mut problems, "origins", &self.origins, origin);
        let redirect_hosts = list(&mut problems, "redirectHosts", &self.redirect_hosts, host);
        let redirect_schemes = list(
            &mut problems,
            "redirectSchemes",
            &self.redirect_schemes,
            scheme,
        );
        let limits = StoreLimits {
            phone_messages: number(
                &mut problems,
                "phoneMessages",
                &self.phone_messages,
                MAX_LIMIT,
            ),
            daily_tries: number(&mut problems, "dailyTries", &self.daily_tries, MAX_LIMIT),
        };
        let retention_days = number(
            &mut problems,
            "retentionDays",
            &self.retention_days,
            MAX_RETENTION_DAYS,
        );
        problems.or(NewStore {
            id,
            name,
            kind,
            allow_test_channels: self.allow_test_channels || kind == StoreKind::Test,
            browser: BrowserRules {
                origins,
                redirect_hosts,
                redirect_schemes,
            },
            limits,
            retention_days,
        })
    }
}

impl Admin {
    /// All stores, oldest first.
    pub async fn stores(&self, who: &Administrator) -> Result<Vec<StoreRow>, Error> {
        who.must(Action::SeeSetup)?;
        Ok(self.store.stores().await?)
    }

    /// One store.
    pub async fn store(&self, who: &Administrator, id: &StoreId) -> Result<StoreRow, Error> {
        who.must(Action::SeeSetup)?;
        let store = self.store.store(id).await?;
        store.ok_or(Error::NotFound("상점"))
    }

    /// Makes a store. Its kind stays as it is made: a LIVE store's verifications are believed.
    pub async fn create_store(
        &self,
        who: &Administrator,
        kind: StoreKind,
        form: &StoreForm,
    ) -> Result<StoreRow, Error> {
        who.must(Action::ChangeStores)?;
        let store = form.checked(ids::store_id()?, kind)?;
        may_become(who, None, &store)?;
        self.store
            .create_store(&store, &who.actor, self.now())
            .await?;
        Ok(store)
    }

    /// Changes all of a store but its id and its kind.
    pub async fn update_store(
        &self,
        who: &Administrator,
        id: &StoreId,
        form: &StoreForm,
    ) -> Result<StoreRow, Error> {
        who.must(Action::ChangeStores)?;
        let before = self.store.store(id).await?;
        let before = before.ok_or(Error::NotFound("상점"))?;
        let store = form.checked(id.clone(), before.kind)?;
        may_become(who, Some(&before), &store)?;
        self.store
            .update_store(&store, &who.actor, self.now())
            .await?;
        Ok(store)
    }
}

/// Some of a store's settings do what only the owner may: a retention erases persons, and TEST channels of a LIVE store have
/// anybody verified. Taking either back is open to whoever changes stores.
fn may_become(
    who: &Administrator,
    before: Option<&StoreRow>,
    after: &StoreRow,
) -> Result<(), Error> {
    let kept_for = |store: &StoreRow| store.retention_days.unwrap_or(u32::MAX);
    if kept_for(after) < before.map_or(u32::MAX, kept_for) {
        who.must(Action::SetRetention)?;
    }
    let takes_tests = |store: &StoreRow| store.kind == StoreKind::Live && store.allow_test_channels;
    if takes_tests(after) && !before.is_some_and(takes_tests) {
        who.must(Action::AllowTestChannels)?;
    }
    Ok(())
}

fn list(
    problems: &mut Problems,
    field: &'static str,
    given: &[String],
    read: fn(&str) -> Result<String, String>,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    if given.len() > MAX_ENTRIES {
        problems.add(field, format!("{MAX_ENTRIES}개까지 적을 수 있습니다."));
        return all;
    }
    for (number, text) in given.iter().enumerate() {
        match read(text) {
            Ok(entry) if entry.len() > MAX_ENTRY => problems.add(
                field,
                format!(
                    "{}번째 줄이 너무 깁니다. {MAX_ENTRY}자까지 적을 수 있습니다.",
                    number + 1
                ),
            ),
            Ok(entry) if all.contains(&entry) => {}
            Ok(entry) => all.push(entry),
            Err(why) => problems.add(field, format!("{}번째 줄: {why}", number + 1)),
        }
    }
    all
}

fn number(problems: &mut Problems, field: &'static str, text: &str, max: u32) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    match text.parse::<u32>() {
        Ok(number) if (1..=max).contains(&number) => Some(number),
        _ => {
            problems.add(
                field,
                format!("1부터 {max}까지의 숫자를 적거나 비워 두어야 합니다."),
            );
            None
        }
    }
}

/// An origin as browsers spell it.
fn origin(text: &str) -> Result<String, String> {
    let wanted =
        "https://shop.example.com처럼 주소의 스킴과 호스트(필요하면 포트)만 적어야 합니다.";
    let url = Url::parse(text).map_err(|_| wanted.to_owned())?;
    let origin = url.origin().ascii_serialization();
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
        return Err(wanted.to_owned());
    }
    if origin == text || format!("{origin}/") == text {
        Ok(origin)
    } else {
        Err(format!(
            "브라우저가 쓰는 모양인 {origin}으로 적어야 합니다."
        ))
    }
}

/// A host, with its port where it is not the scheme's own.
fn host(text: &str) -> Result<String, String> {
    let wanted = || {
        "pay.example.com이나 localhost:3000처럼 호스트만(필요하면 포트와 함께) 적어야 합니다."
            .to_owned()
    };
    let url = Url::parse(&format!("https://{text}/")).map_err(|_| wanted())?;
    let name = url.host_str().unwrap_or_default();
    let spelled = url
        .port()
        .map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    if spelled == text {
        Ok(spelled)
    } else {
        Err(wanted())
    }
}

/// An app's scheme.
fn scheme(text: &str) -> Result<String, String> {
    let fine = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
    if !fine {
        return Err("myapp처럼 소문자로, ://를 빼고 스킴만 적어야 합니다.".to_owned());
    }
    if is_hostile(text) || matches!(text, "http" | "https") {
        return Err("앱의 스킴이 아닙니다. 앱이 스스로 등록한 스킴을 적어야 합니다.".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use bonin_store::{Actor, Role};

    use super::*;

    #[test]
    fn every_field_that_is_wrong_is_told_at_once_and_by_its_name() {
        let form = StoreForm {
            name: " ".into(),
            origins: vec!["https://shop.example.com/path".into(), "shop".into()],
            redirect_hosts: vec!["https://a.example.com".into()],
            redirect_schemes: vec!["javascript".into(), "My App".into()],
            phone_messages: "0".into(),
            daily_tries: "-1".into(),
            retention_days: "ten".into(),
            ..StoreForm::default()
        };
        let id = StoreId::parse("store-1").unwrap();
        let Err(Error::Invalid(problems)) = form.checked(id, StoreKind::Live) else {
            panic!("nothing was refused");
        };
        let fields: Vec<_> = problems.0.iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            [
                "name",
                "origins",
                "origins",
                "redirectHosts",
                "redirectSchemes",
                "redirectSchemes",
                "phoneMessages",
                "dailyTries",
                "retentionDays"
            ]
        );
        let told = problems.of("origins").unwrap_or_default();
        assert!(told.contains("https://shop.example.com으로"), "{told}");
    }

    #[test]
    fn erasing_sooner_and_tests_in_a_live_store_are_the_owners_and_taking_them_back_is_not() {
        let store = |kind, days: &str, tests| {
            let form = StoreForm {
                name: "가게".into(),
                retention_days: days.into(),
                allow_test_channels: tests,
                ..StoreForm::default()
            };
            form.checked(StoreId::parse("store-1").unwrap(), kind)
                .unwrap()
        };
        let live = |days, tests| store(StoreKind::Live, days, tests);
        let test = |days| store(StoreKind::Test, days, false);
        // (before, after, whether an operator may)
        let table = [
            (None, live("", false), true),
            (None, test(""), true),
            (None, live("3650", false), false),
            (None, test("1"), false),
            (None, live("", true), false),
            (Some(live("", false)), live("30", false), false),
            (Some(live("30", false)), live("29", false), false),
            (Some(live("30", false)), live("30", false), true),
            (Some(live("30", false)), live("31", false), true),
            (Some(live("30", false)), live("", false), true),
            (Some(live("", false)), live("", true), false),
            (Some(live("", true)), live("", true), true),
            (Some(live("", true)), live("", false), true),
        ];
        for (row, (before, after, allowed)) in table.into_iter().enumerate() {
            for (role, may) in [(Role::Owner, true), (Role::Operator, allowed)] {
                let who = Administrator {
                    actor: Actor::system("test"),
                    role,
                };
                let got = may_become(&who, before.as_ref(), &after).is_ok();
                assert_eq!(got, may, "row {row}, {role:?}");
            }
        }
    }

    #[test]
    fn what_is_right_is_taken_once_and_a_test_store_always_takes_test_channels() {
        let form = StoreForm {
            name: "가게".into(),
            origins: vec![
                "https://shop.example.com/".into(),
                "https://shop.example.com".into(),
                "http://localhost:3000".into(),
            ],
            redirect_hosts: vec!["pay.example.com".into(), "localhost:3000".into()],
            redirect_schemes: vec!["myapp".into()],
            retention_days: "365".into(),
            ..StoreForm::default()
        };
        let id = StoreId::parse("store-1").unwrap();
        let store = form.checked(id, StoreKind::Test).unwrap();
        assert_eq!(
            store.browser.origins,
            ["https://shop.example.com", "http://localhost:3000"]
        );
        assert!(store.allow_test_channels);
        assert_eq!(store.retention_days, Some(365));
        assert_eq!(StoreForm::from(&store).retention_days, "365");
    }
}
