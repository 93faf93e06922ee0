//! `bonin verification`

use bonin_core::{
    AttemptState, BirthDate, FailureReason, Gender, IdentityVerificationId, Operator, PersonName,
    PhoneNumber, Redacted, Status, StoreId, Way,
};
use bonin_gateway::admin::{
    MaskedPerson, RevealedPerson, ShownTry, TimelineLine, VerificationDetail,
};
use bonin_store::VerificationKey;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{AdminArgs, facts, or_dash};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct VerificationArgs {
    #[command(subcommand)]
    command: VerificationCommand,
}

#[derive(Debug, Subcommand)]
enum VerificationCommand {
    /// Show a verification with its tries. The person is masked, unless they are to be revealed for a reason.
    Show(ShowArgs),
    /// Show what happened to a verification, in order: tries, calls to KCP, codes, times. Never the person.
    Timeline {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// Which verification.
#[derive(Debug, Args)]
struct WhichArgs {
    /// The store.
    #[arg(long, value_name = "ID")]
    store: StoreId,
    /// The verification's id.
    #[arg(long, value_name = "ID")]
    id: IdentityVerificationId,
}

impl WhichArgs {
    fn key(self) -> VerificationKey {
        VerificationKey {
            store: self.store,
            id: self.id,
        }
    }
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Show the person in the clear. Who looked, and why, goes into the audit.
    #[arg(long, requires = "reason")]
    reveal: bool,
    /// Why, for the audit, without naming the person.
    #[arg(long, value_name = "TEXT", requires = "reveal")]
    reason: Option<String>,
    /// With --reveal: CI and DI too.
    #[arg(long, requires = "reveal")]
    linking: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(crate) async fn run(args: VerificationArgs) -> Result<(), Failure> {
    match args.command {
        VerificationCommand::Show(args) => show(args).await,
        VerificationCommand::Timeline { which, admin } => {
            let shell = admin.open().await?;
            let detail = shell.admin.verification(&shell.who, &which.key()).await?;
            shell.admin.close().await;
            let lines: Vec<String> = detail.timeline.iter().map(line).collect();
            let shown: Vec<Value> = detail.timeline.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
    }
}

async fn show(args: ShowArgs) -> Result<(), Failure> {
    let key = args.which.key();
    let shell = args.admin.open().await?;
    let detail = shell.admin.verification(&shell.who, &key).await?;
    let revealed = match args.reason {
        Some(reason) => {
            let revealed = shell.admin.reveal(&shell.who, &key, args.linking, &reason);
            Some(revealed.await?)
        }
        None => None,
    };
    shell.admin.close().await;
    let mut json = shown_detail(&detail);
    let mut lines = in_full(&detail);
    if let Some(person) = &revealed {
        json["revealed"] = shown_person(person);
        lines.push_str(&format!("\n\n{}", in_the_clear(person)));
    }
    args.admin.output.print(&json, &lines)
}

fn shown_detail(detail: &VerificationDetail) -> Value {
    let shown = &detail.shown;
    let tries: Vec<Value> = detail.tries.iter().map(shown_try).collect();
    json!({
        "id": shown.key.id.as_str(),
        "storeId": shown.key.store.as_str(),
        "status": status(shown.status),
        "way": way(shown.way),
        "channel": {
            "id": shown.channel.id.as_str(),
            "name": shown.channel_name,
            "isTest": shown.channel.is_test,
            "pgMerchantId": shown.channel.pg_merchant_id,
        },
        "operator": shown.operator.map(Operator::as_str),
        "person": masked(&shown.person),
        "failure": shown.failure.map(failure),
        "code": shown.code,
        "explanation": shown.explanation,
        "requestedAt": shown.requested_at.to_string(),
        "statusChangedAt": shown.status_changed_at.to_string(),
        "erasedAt": detail.erased_at.map(|at| at.to_string()),
        "tries": tries,
    })
}

fn shown_try(attempt: &ShownTry) -> Value {
    json!({
        "txId": attempt.tx_id.as_str(),
        "way": way(attempt.way),
        "state": state(attempt.state),
        "orderNumber": attempt.order_number.as_str(),
        "channelName": attempt.channel_name,
        "operator": attempt.operator.map(Operator::as_str),
        "person": masked(&attempt.person),
        "pgTxId": attempt.pg_tx_id,
        "code": attempt.code,
        "wrongNumbers": attempt.wrong_numbers,
        "resends": attempt.resends,
        "begunAt": attempt.begun_at.to_string(),
        "liveUntil": attempt.live_until.to_string(),
    })
}

fn masked(person: &MaskedPerson) -> Value {
    json!({ "name": person.name, "phone": person.phone, "birthDate": person.birth_date })
}

fn in_full(detail: &VerificationDetail) -> String {
    let shown = &detail.shown;
    let about = facts(&[
        ("id", shown.key.id.to_string()),
        ("store", shown.key.store.to_string()),
        ("status", status(shown.status).to_owned()),
        ("way", way(shown.way).to_owned()),
        (
            "channel",
            format!(
                "{} ({}{})",
                shown.channel_name,
                shown.channel.pg_merchant_id,
                if shown.channel.is_test { ", TEST" } else { "" }
            ),
        ),
        ("operator", or_dash(shown.operator)),
        ("name", or_dash(shown.person.name.as_ref())),
        ("phone", or_dash(shown.person.phone.as_ref())),
        ("birth-date", or_dash(shown.person.birth_date.as_ref())),
        ("failure", or_dash(shown.failure.map(failure))),
        ("code", or_dash(shown.code.as_ref())),
        ("explanation", or_dash(shown.explanation)),
        ("requested", shown.requested_at.to_string()),
        ("changed", shown.status_changed_at.to_string()),
        ("erased", or_dash(detail.erased_at)),
    ]);
    let tries = detail.tries.iter().map(|attempt| {
        format!(
            "{}  {}  {:6}  {}  order {}  {}",
            attempt.begun_at,
            &attempt.tx_id.as_str()[..8],
            way(attempt.way),
            state(attempt.state),
            attempt.order_number.as_str(),
            or_dash(attempt.code.as_ref()),
        )
    });
    format!("{about}\n\n{}", tries.collect::<Vec<_>>().join("\n"))
}

fn shown_person(person: &RevealedPerson) -> Value {
    json!({
        "isVerified": person.is_verified,
        "name": person.name.as_ref().map(PersonName::expose),
        "phone": person.phone.as_ref().map(PhoneNumber::expose),
        "birthDate": person.birth_date.map(BirthDate::dashed),
        "gender": person.gender.map(Gender::as_str),
        "isForeigner": person.is_foreigner,
        "operator": person.operator.map(Operator::as_str),
        "customerId": person.customer_id.as_ref().map(Redacted::expose),
        "ci": person.linking.ci.as_ref().map(Redacted::expose),
        "di": person.linking.di.as_ref().map(Redacted::expose),
    })
}

fn in_the_clear(person: &RevealedPerson) -> String {
    let mut told = vec![
        (
            "known-by",
            if person.is_verified {
                "verified"
            } else {
                "asked for"
            }
            .to_owned(),
        ),
        (
            "name",
            or_dash(person.name.as_ref().map(PersonName::expose)),
        ),
        (
            "phone",
            or_dash(person.phone.as_ref().map(PhoneNumber::expose)),
        ),
        (
            "birth-date",
            or_dash(person.birth_date.map(BirthDate::dashed)),
        ),
        ("gender", or_dash(person.gender.map(Gender::as_str))),
        ("foreigner", or_dash(person.is_foreigner)),
        ("operator", or_dash(person.operator)),
        (
            "customer-id",
            or_dash(person.customer_id.as_ref().map(Redacted::expose)),
        ),
    ];
    for (name, value) in [("ci", &person.linking.ci), ("di", &person.linking.di)] {
        told.extend(
            value
                .as_ref()
                .map(|value| (name, value.expose().to_owned())),
        );
    }
    facts(&told)
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Ready => "READY",
        Status::Verified => "VERIFIED",
        Status::Failed => "FAILED",
    }
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Sms => "SMS",
        Way::App => "APP",
        Way::Window => "WINDOW",
    }
}

fn state(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Begun => "BEGUN",
        AttemptState::Open => "OPEN",
        AttemptState::Verified => "VERIFIED",
        AttemptState::Failed(reason) => failure(reason),
        AttemptState::Replaced => "REPLACED",
    }
}

fn failure(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Refused => "REFUSED",
        FailureReason::NothingSent => "NOTHING_SENT",
        FailureReason::OutcomeUnknown => "OUTCOME_UNKNOWN",
        FailureReason::Expired => "EXPIRED",
        FailureReason::TooManyWrongNumbers => "TOO_MANY_WRONG_NUMBERS",
    }
}

fn shown(line: &TimelineLine) -> Value {
    let entry = &line.entry;
    let mut shown = json!({
        "at": entry.at.to_string(),
        "txId": entry.tx_id.as_str(),
        "kind": entry.kind,
    });
    if let Some(call) = &entry.call {
        shown["call"] = json!(call);
    }
    if let Some(code) = &entry.code {
        shown["code"] = json!(code);
    }
    if let Some(explanation) = line.explanation {
        shown["explanation"] = json!(explanation);
    }
    if let Some(millis) = entry.millis {
        shown["millis"] = json!(millis);
    }
    shown
}

fn line(line: &TimelineLine) -> String {
    let entry = &line.entry;
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    let millis = entry
        .millis
        .map_or_else(String::new, |millis| format!("{millis} ms"));
    format!(
        "{}  {}  {:28}  {:5} {:8} {millis}",
        entry.at,
        &entry.tx_id.as_str()[..8],
        entry.kind,
        of(&entry.call),
        of(&entry.code)
    )
    .trim_end()
    .to_owned()
        + &line
            .explanation
            .map_or_else(String::new, |text| format!("\n    {text}"))
}
