//! The figures of a time, as people read them; and what a new gateway still needs.

use bonin_core::{AttemptState, FailureReason, Operator, Status, StoreId, Way};
use bonin_store::{Statistics, StatisticsQuery, StoreRow, TryCount};
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{Action, Admin, Administrator, Error, ShownChannel, korea};
use crate::provider::Providers;

/// Of when the figures are. Days begin at midnight in Korea.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// Since midnight, hour by hour.
    #[default]
    Today,
    /// Today and the six days before, day by day.
    Week,
    /// Today and the 29 days before, day by day.
    Month,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Today, Self::Week, Self::Month];

    fn days(self) -> i64 {
        match self {
            Self::Today => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }

    /// How long one step of its course is.
    pub fn step(self) -> SignedDuration {
        match self {
            Self::Today => SignedDuration::from_hours(1),
            Self::Week | Self::Month => A_DAY,
        }
    }

    /// From when until when.
    fn range(self, today: Date) -> (Timestamp, Timestamp) {
        let midnight = korea::midnight(today);
        let first = midnight
            .checked_sub(A_DAY * i32::try_from(self.days() - 1).unwrap_or_default())
            .unwrap_or(midnight);
        (first, midnight.checked_add(A_DAY).unwrap_or(Timestamp::MAX))
    }
}

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Tries, by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Under way.
    pub open: i64,
    /// Ended with a verified person.
    pub verified: i64,
    /// Ended without.
    pub failed: i64,
    /// Another window took their place before they ended.
    pub replaced: i64,
}

impl Tally {
    fn add(&mut self, state: AttemptState, count: i64) {
        let which = match state {
            AttemptState::Begun | AttemptState::Open => &mut self.open,
            AttemptState::Verified => &mut self.verified,
            AttemptState::Failed(_) => &mut self.failed,
            AttemptState::Replaced => &mut self.replaced,
        };
        *which += count;
    }

    fn of<'a>(counts: impl Iterator<Item = &'a TryCount>) -> Self {
        let mut tally = Self::default();
        counts.for_each(|one| tally.add(one.state, one.count));
        tally
    }

    /// All of them.
    pub fn all(&self) -> i64 {
        self.open + self.ended() + self.replaced
    }

    /// Those that came to an end of their own.
    pub fn ended(&self) -> i64 {
        self.verified + self.failed
    }

    /// Of those that ended, how many of 1000 verified a person. `None` while none has ended.
    pub fn permille(&self) -> Option<i64> {
        let ended = self.ended();
        // Half a permille up, half down: never "100 %" where one failed.
        (ended > 0).then(|| match (self.verified * 1000 + ended / 2) / ended {
            1000 if self.failed > 0 => 999,
            0 if self.verified > 0 => 1,
            permille => permille,
        })
    }
}

/// How long KCP took for one kind of call, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLatency {
    /// Which call.
    pub call: String,
    /// What it asks for, where that is known.
    pub name: Option<&'static str>,
    /// How many.
    pub count: i64,
    /// Half of them took no longer.
    pub p50: i64,
    /// 95 of 100 took no longer.
    pub p95: i64,
    /// The longest.
    pub max: i64,
}

/// How often one kind of call ended with one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFailure {
    /// Which call.
    pub call: String,
    /// What it asks for, where that is known.
    pub name: Option<&'static str>,
    /// The code.
    pub code: String,
    /// What the code means and what to do, where that is known.
    pub explanation: Option<&'static str>,
    /// How often.
    pub count: i64,
    /// When last.
    pub last: Timestamp,
}

/// What a gateway needs before it verifies anyone, and whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSteps {
    /// A store.
    pub store: bool,
    /// A channel in use.
    pub channel: bool,
    /// An API secret that is valid.
    pub secret: bool,
    /// A verification that was begun.
    pub verification: bool,
}

impl FirstSteps {
    /// Whether nothing is left.
    pub fn are_done(&self) -> bool {
        self.store && self.channel && self.secret && self.verification
    }
}

/// The figures of a time.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Of when.
    pub period: Period,
    /// All stores, to choose from.
    pub stores: Vec<StoreRow>,
    /// The one that was chosen; `None` is all.
    pub store: Option<StoreId>,
    /// Verifications asked for in that time: under way, verified, failed.
    pub verifications: (i64, i64, i64),
    /// Tries begun in that time.
    pub tries: Tally,
    /// The same by way.
    pub by_way: Vec<(Way, Tally)>,
    /// Those of the API way by the operator that was asked for.
    pub by_operator: Vec<(Operator, Tally)>,
    /// Those of each hour or day, by its beginning, without a gap.
    pub course: Vec<(Timestamp, Tally)>,
    /// Why tries failed, the most frequent first.
    pub reasons: Vec<(FailureReason, i64)>,
    /// How long KCP took.
    pub latencies: Vec<ShownLatency>,
    /// What KCP refused, the most frequent first.
    pub failures: Vec<ShownFailure>,
    /// Channels whose certificate ends soon or has ended, for those who may see the set-up.
    pub expiring: Vec<ShownChannel>,
    /// What the gateway still needs.
    pub first_steps: FirstSteps,
}

impl Admin {
    /// The figures of a store, or of all, until now.
    pub async fn overview(
        &self,
        who: &Administrator,
        store: Option<&StoreId>,
        period: Period,
    ) -> Result<Overview, Error> {
        who.must(Action::SeeOverview)?;
        let stores = self.store.stores().await?;
        if store.is_some_and(|id| stores.iter().all(|known| known.id != *id)) {
            return Err(Error::NotFound("상점"));
        }
        let now = self.now();
        let (from, until) = period.range(korea::day(now));
        let query = StatisticsQuery {
            stores: match store {
                Some(id) => vec![id.clone()],
                None => stores.iter().map(|store| store.id.clone()).collect(),
            },
            from,
            until,
            step: period.step(),
            ahead: korea::AHEAD,
        };
        let told = self.store.statistics(&query).await?;
        let expiring = if who.may(Action::SeeSetup) {
            self.expiring_channels().await?
        } else {
            Vec::new()
        };
        Ok(Overview {
            period,
            store: store.cloned(),
            verifications: by_status(&told),
            tries: Tally::of(told.tries.iter()),
            by_way: by(&told, [Way::Window, Way::Sms, Way::App], |one| {
                Some(one.way)
            }),
            by_operator: by(&told, Operator::ALL, |one| one.operator),
            course: course(&told, from, now, period.step()),
            reasons: reasons(&told),
            latencies: latencies(&told, &self.providers),
            failures: failures(&told, &self.providers),
            expiring,
            first_steps: self.first_steps(&stores, now).await?,
            stores,
        })
    }

    async fn first_steps(&self, stores: &[StoreRow], now: Timestamp) -> Result<FirstSteps, Error> {
        let channels = self.store.channels(None).await?;
        let secrets = self.store.secrets().await?;
        Ok(FirstSteps {
            store: !stores.is_empty(),
            channel: channels.iter().any(|channel| channel.retired_at.is_none()),
            secret: secrets.iter().any(|secret| secret.is_valid(now)),
            verification: self.store.has_verifications().await?,
        })
    }
}

fn by_status(told: &Statistics) -> (i64, i64, i64) {
    let count = |wanted| {
        let all = told.verifications.iter();
        all.filter(|(status, _)| *status == wanted)
            .map(|(_, count)| count)
            .sum()
    };
    (
        count(Status::Ready),
        count(Status::Verified),
        count(Status::Failed),
    )
}

/// Each kind with its tries; kinds without any are left out.
fn by<K: PartialEq + Copy, const N: usize>(
    told: &Statistics,
    kinds: [K; N],
    kind: impl Fn(&TryCount) -> Option<K>,
) -> Vec<(K, Tally)> {
    kinds
        .into_iter()
        .map(|one| {
            let of_it = told.tries.iter().filter(|count| kind(count) == Some(one));
            (one, Tally::of(of_it))
        })
        .filter(|(_, tally)| tally.all() > 0)
        .collect()
}

/// Every step from the first until now, also those in which nothing began.
fn course(
    told: &Statistics,
    from: Timestamp,
    now: Timestamp,
    step: SignedDuration,
) -> Vec<(Timestamp, Tally)> {
    let mut course = Vec::new();
    let mut begins = from;
    while begins <= now && course.len() < 31 {
        let in_it = told.tries.iter().filter(|count| count.step == begins);
        course.push((begins, Tally::of(in_it)));
        let Ok(next) = begins.checked_add(step) else {
            break;
        };
        begins = next;
    }
    course
}

fn reasons(told: &Statistics) -> Vec<(FailureReason, i64)> {
    let mut reasons: Vec<(FailureReason, i64)> = Vec::new();
    for one in &told.tries {
        let AttemptState::Failed(reason) = one.state else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += one.count,
            None => reasons.push((reason, one.count)),
        }
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons
}

fn latencies(told: &Statistics, providers: &Providers) -> Vec<ShownLatency> {
    let shown = told.latencies.iter().map(|one| ShownLatency {
        name: providers.call_name(&one.call),
        call: one.call.clone(),
        count: one.count,
        p50: one.p50,
        p95: one.p95,
        max: one.max,
    });
    shown.collect()
}

fn failures(told: &Statistics, providers: &Providers) -> Vec<ShownFailure> {
    let shown = told.failures.iter().map(|one| ShownFailure {
        name: providers.call_name(&one.call),
        explanation: providers.explanation(&one.code),
        call: one.call.clone(),
        code: one.code.clone(),
        count: one.count,
        last: one.last,
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(verified: i64, failed: i64) -> Tally {
        Tally {
            verified,
            failed,
            ..Tally::default()
        }
    }

    #[test]
    fn a_rate_is_whole_only_where_nothing_failed_and_nothing_only_where_nothing_succeeded() {
        let table = [
            (0, 0, None),
            (1, 0, Some(1000)),
            (0, 1, Some(0)),
            (2, 1, Some(667)),
            (99_999, 1, Some(999)),
            (1, 99_999, Some(1)),
        ];
        for (verified, failed, permille) in table {
            assert_eq!(tally(verified, failed).permille(), permille);
        }
    }

    #[test]
    fn tries_under_way_or_replaced_do_not_lower_the_rate() {
        let tally = Tally {
            open: 5,
            replaced: 3,
            ..tally(1, 1)
        };
        assert_eq!((tally.permille(), tally.all()), (Some(500), 10));
    }

    #[test]
    fn a_period_begins_and_ends_at_midnight_in_korea() {
        let today = jiff::civil::date(2026, 11, 23);
        let told = |period: Period| {
            let (from, until) = period.range(today);
            (from.to_string(), until.to_string())
        };
        let midnight = "2026-11-23T15:00:00Z".to_owned();
        assert_eq!(
            told(Period::Today),
            ("2026-11-22T15:00:00Z".to_owned(), midnight.clone())
        );
        assert_eq!(
            told(Period::Week),
            ("2026-11-16T15:00:00Z".to_owned(), midnight.clone())
        );
        assert_eq!(
            told(Period::Month),
            ("2026-10-24T15:00:00Z".to_owned(), midnight)
        );
    }

    #[test]
    fn the_course_of_a_day_has_every_hour_until_now() {
        let from: Timestamp = "2026-11-22T15:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-11-22T17:30:00Z".parse().unwrap();
        let hour = SignedDuration::from_hours(1);
        let told = Statistics {
            tries: vec![TryCount {
                step: "2026-11-22T16:00:00Z".parse().unwrap(),
                way: Way::Sms,
                operator: None,
                state: AttemptState::Verified,
                count: 4,
            }],
            ..Statistics::default()
        };
        let counts: Vec<i64> = course(&told, from, now, hour)
            .iter()
            .map(|(_, tally)| tally.all())
            .collect();
        assert_eq!(counts, [0, 4, 0]);
    }
}
