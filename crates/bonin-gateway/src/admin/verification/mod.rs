//! Verifications, looked at. What is personal leaves here masked; only [`Admin::reveal`] hands it out in the clear, and not
//! before the audit knows.

mod filter;
mod reveal;

use bonin_core::{
    AttemptState, BirthDate, FailureReason, Operator, OrderNumber, PersonName, PhoneNumber, Status,
    TxId, Way,
};
use bonin_store::{
    Act, ChannelOfTry, Customer, StoreRow, TimelineEntry, TryRecord, VerificationKey,
    VerificationRecord, VerifiedPerson,
};
use jiff::Timestamp;
use serde_json::json;

pub use filter::VerificationForm;
pub use reveal::RevealedPerson;

use super::{Action, Admin, Administrator, Error};

/// What may be shown of a person to anyone who may see verifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaskedPerson {
    /// 홍*동.
    pub name: Option<String>,
    /// 010-****-5678.
    pub phone: Option<String>,
    /// 1990-**-**.
    pub birth_date: Option<String>,
}

impl MaskedPerson {
    fn asked_for(customer: &Customer) -> Self {
        Self {
            name: customer.name.as_ref().map(PersonName::masked),
            phone: customer.phone.as_ref().map(PhoneNumber::masked),
            birth_date: customer.birth_date.map(BirthDate::masked),
        }
    }

    /// Who was verified counts, else who was asked for.
    fn of(verified: Option<&VerifiedPerson>, requested: &Customer) -> Self {
        match verified {
            Some(person) => Self {
                name: Some(person.name.masked()),
                phone: Some(person.phone.masked()),
                birth_date: Some(person.birth_date.masked()),
            },
            None => Self::asked_for(requested),
        }
    }

    /// Whether nothing is known, or nothing any more.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// A verification as it may be looked at.
#[derive(Debug, Clone)]
pub struct ShownVerification {
    /// Which.
    pub key: VerificationKey,
    /// How far it has come.
    pub status: Status,
    /// How its shown try proves the person.
    pub way: Way,
    /// The channel of that try.
    pub channel: ChannelOfTry,
    /// The channel's name today.
    pub channel_name: String,
    /// The operator, where it is known.
    pub operator: Option<Operator>,
    /// The person, masked.
    pub person: MaskedPerson,
    /// Why it failed.
    pub failure: Option<FailureReason>,
    /// The provider's last code, if it failed.
    pub code: Option<String>,
    /// What the code means, where that is known.
    pub explanation: Option<&'static str>,
    /// When the shown try was asked for.
    pub requested_at: Timestamp,
    /// When its status last changed.
    pub status_changed_at: Timestamp,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct VerificationPage {
    /// What is on it.
    pub items: Vec<ShownVerification>,
    /// How many match in all.
    pub total: i64,
    /// Which page it is, from 1.
    pub number: u32,
    /// How many pages there are, at least 1.
    pub pages: u32,
}

/// A try as it may be looked at.
#[derive(Debug, Clone)]
pub struct ShownTry {
    /// Its id.
    pub tx_id: TxId,
    /// How it proves the person.
    pub way: Way,
    /// Where it stands.
    pub state: AttemptState,
    /// Its order number at the provider.
    pub order_number: OrderNumber,
    /// Its channel.
    pub channel: ChannelOfTry,
    /// The channel's name today.
    pub channel_name: String,
    /// The operator, where it is known.
    pub operator: Option<Operator>,
    /// The person, masked.
    pub person: MaskedPerson,
    /// The provider's id of it.
    pub pg_tx_id: Option<String>,
    /// The provider's last code, if it did not verify.
    pub code: Option<String>,
    /// Wrong numbers typed so far.
    pub wrong_numbers: u32,
    /// Resends asked for so far.
    pub resends: u32,
    /// When it began.
    pub begun_at: Timestamp,
    /// While it is open: when its time is over.
    pub live_until: Timestamp,
}

/// A line of the timeline, with what its call and its code mean.
#[derive(Debug, Clone)]
pub struct TimelineLine {
    /// What happened.
    pub entry: TimelineEntry,
    /// What the call asked for, where that is known.
    pub call_name: Option<&'static str>,
    /// What the code means, where that is known.
    pub explanation: Option<&'static str>,
}

/// A verification with everything that happened to it.
#[derive(Debug, Clone)]
pub struct VerificationDetail {
    /// The verification.
    pub shown: ShownVerification,
    /// Its store.
    pub store: StoreRow,
    /// Its tries, the oldest first.
    pub tries: Vec<ShownTry>,
    /// What happened, in order.
    pub timeline: Vec<TimelineLine>,
    /// When its personal data was erased.
    pub erased_at: Option<Timestamp>,
}

/// How many verifications a page of the list holds.
const PAGE: u32 = 30;

impl Admin {
    /// A page of the verifications that a form asks for. Whoever looks for a person learns whether that person is here: that
    /// takes the right to see one, and is noted with the fields that were searched by, not with what was in them.
    pub async fn verifications(
        &self,
        who: &Administrator,
        form: &VerificationForm,
    ) -> Result<VerificationPage, Error> {
        who.must(Action::SeeVerifications)?;
        let fields = form.personal_fields();
        if !fields.is_empty() {
            who.must(Action::RevealPerson)?;
        }
        let now = self.now();
        let stores = self.store.stores().await?;
        let number = form.page.parse().unwrap_or(1).clamp(1, 1_000_000_u32);
        let mut query = form.query(&stores, now)?;
        query.size = i64::from(PAGE);
        query.skip = i64::from(PAGE) * i64::from(number - 1);
        if !fields.is_empty() {
            let mut act = Act::new("verification.search").with(json!({ "fields": fields }));
            if let [store] = query.stores.as_slice() {
                act = act.of(store);
            }
            self.store.note(&who.actor, act, now).await?;
        }
        let page = self.store.list(&query).await?;
        let pages =
            page.total.div_euclid(i64::from(PAGE)) + i64::from(page.total % i64::from(PAGE) > 0);
        Ok(VerificationPage {
            items: page.items.iter().map(|record| self.shown(record)).collect(),
            total: page.total,
            number,
            pages: u32::try_from(pages).unwrap_or(u32::MAX).max(1),
        })
    }

    /// One verification with its tries and its timeline.
    pub async fn verification(
        &self,
        who: &Administrator,
        key: &VerificationKey,
    ) -> Result<VerificationDetail, Error> {
        who.must(Action::SeeVerifications)?;
        let record = self.record(key).await?;
        let store = self.store.store(&key.store).await?;
        let tries = self.store.tries(key).await?;
        let timeline = self.store.timeline(key).await?;
        Ok(VerificationDetail {
            shown: self.shown(&record),
            store: store.ok_or(Error::NotFound("상점"))?,
            tries: tries.into_iter().map(shown_try).collect(),
            // Whatever begins after an erasure is kept again.
            erased_at: timeline
                .iter()
                .rev()
                .take_while(|entry| entry.kind != "begun")
                .find(|entry| entry.kind == "erased")
                .map(|entry| entry.at),
            timeline: timeline
                .into_iter()
                .map(|entry| TimelineLine {
                    call_name: entry
                        .call
                        .as_deref()
                        .and_then(|call| self.providers.call_name(call)),
                    explanation: entry
                        .code
                        .as_deref()
                        .and_then(|code| self.providers.explanation(code)),
                    entry,
                })
                .collect(),
        })
    }

    async fn record(&self, key: &VerificationKey) -> Result<VerificationRecord, Error> {
        let record = self.store.verification(key).await?;
        record.ok_or(Error::NotFound("본인인증"))
    }

    fn shown(&self, record: &VerificationRecord) -> ShownVerification {
        let code = record
            .failure
            .as_ref()
            .and_then(|failure| failure.answer.as_ref())
            .map(|answer| answer.code.clone());
        ShownVerification {
            key: record.key.clone(),
            status: record.status,
            way: record.way,
            channel: record.channel.clone(),
            channel_name: record.channel_name.clone(),
            operator: record.operator,
            person: MaskedPerson::of(record.verified.as_ref(), &record.requested),
            failure: record.failure.as_ref().map(|failure| failure.reason),
            explanation: code
                .as_deref()
                .and_then(|code| self.providers.explanation(code)),
            code,
            requested_at: record.requested_at,
            status_changed_at: record.status_changed_at,
        }
    }
}

fn shown_try(record: TryRecord) -> ShownTry {
    let TryRecord { attempt, .. } = record;
    ShownTry {
        person: MaskedPerson::of(record.verified.as_ref(), &record.requested),
        tx_id: attempt.tx_id,
        way: attempt.way,
        state: attempt.state,
        order_number: record.order_number,
        channel: record.channel,
        channel_name: record.channel_name,
        operator: record.operator,
        pg_tx_id: record.pg_tx_id,
        code: record.pg_code,
        wrong_numbers: attempt.wrong_numbers,
        resends: attempt.resends,
        begun_at: record.begun_at,
        live_until: attempt.live_until,
    }
}
