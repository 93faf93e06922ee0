//! `bonin doctor`: what will not work or is not safe, before it does not work. Here: configuration, files and the network;
//! what the database tells is a use case of administration.

mod configuration;
mod connection;
mod files;
mod network;
mod watching;

use bonin_core::Rules;
use bonin_gateway::admin::{Admin, Finding, Health};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    admin::{OutputArgs, administrator},
    console::ConsoleArgs,
    database::DatabaseArgs,
    failure::Failure,
    metrics::MetricsArgs,
    serve::{AddressArgs, refuse_a_password_that_everyone_knows, refuse_what_everyone_knows},
    settings::GatewayArgs,
    telemetry::TraceArgs,
};

/// The same settings as `serve`: what it would start with is what is looked at.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    address: AddressArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    console: ConsoleArgs,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    traces: TraceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let mut findings = configuration::examine(&args.address, &args.console, &args.gateway).await;
    findings.extend(files::examine(&args.database));
    findings.extend(connection::examine(&args.database));
    findings.extend(watching::examine(&args.metrics, &args.traces).await);
    findings.extend(examine_database(&args).await);
    let count = |health| {
        let these = findings.iter().filter(|finding| finding.health == health);
        these.count()
    };
    let (failures, warnings) = (count(Health::Failure), count(Health::Warning));
    let shown: Vec<Value> = findings.iter().map(shown).collect();
    let mut lines: Vec<String> = findings.iter().map(line).collect();
    lines.push(format!(
        "\n검사 {}개: 실패 {failures}개, 경고 {warnings}개",
        findings.len()
    ));
    let shown = json!({ "ok": failures == 0, "checks": shown });
    args.output.print(&shown, &lines.join("\n"))?;
    if failures == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{failures} of {} checks failed",
            findings.len()
        )))
    }
}

/// The database, all that is in it, and the hosts that its channels speak to.
async fn examine_database(args: &DoctorArgs) -> Vec<Finding> {
    let store = match args.database.open(Rules::default()).await {
        Ok(store) => store,
        Err(failure) => {
            return vec![Finding::failure(
                "database",
                format!("데이터베이스를 쓸 수 없어 그 안의 것은 검사하지 못했습니다: {failure}"),
            )];
        }
    };
    let mut findings = vec![Finding::fine(
        "database",
        "데이터베이스가 열리고, 스키마와 키가 맞습니다.",
    )];
    if let Err(failure) = refuse_what_everyone_knows(&store).await {
        findings.push(Finding::failure("dev_credentials", known(&failure)));
    }
    let kcp = args.gateway.kcp.config();
    let admin = match Admin::new(store, &kcp, None) {
        Ok(admin) => admin,
        Err(error) => {
            let message = format!("KCP 설정을 쓸 수 없습니다: {error}");
            findings.push(Finding::failure("kcp", message));
            return findings;
        }
    };
    if let Err(failure) = refuse_a_password_that_everyone_knows(&admin).await {
        findings.push(Finding::failure("dev_credentials", known(&failure)));
    }
    let who = administrator();
    let unreadable = |error| {
        Finding::failure(
            "database",
            format!("데이터베이스를 읽지 못했습니다: {error}"),
        )
    };
    match admin.examine(&who).await {
        Ok(more) => findings.extend(more),
        Err(error) => findings.push(unreadable(error)),
    }
    match admin.channels(&who, None).await {
        Ok(channels) => findings.extend(network::examine(&channels, &kcp).await),
        Err(error) => findings.push(unreadable(error)),
    }
    admin.close().await;
    findings
}

/// Why `serve` will not start.
fn known(failure: &Failure) -> String {
    format!("`bonin serve`가 시작하지 않습니다: {failure}")
}

fn shown(finding: &Finding) -> Value {
    json!({
        "check": finding.check,
        "state": finding.health.as_str(),
        "message": finding.message,
    })
}

fn line(finding: &Finding) -> String {
    format!(
        "{:4}  {:15}  {}",
        finding.health.as_str(),
        finding.check,
        finding.message
    )
}
