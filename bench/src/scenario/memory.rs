//! Resident memory: idle, under load, after.

use std::time::Duration;

use serde_json::json;

use crate::{
    data::Data,
    failure::Result,
    http::request,
    load::{self, Exchange, Expected, Until},
    process::Memory,
    report::{Figure, Report, Target, Unit, table::number},
};

use super::{Context, lookup::known};

/// How long the gateway is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(3);

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn shown(bytes: u64) -> String {
    format!("{} MiB", number(mebibytes(bytes)))
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let (programs, options) = (&context.programs, &context.options);
    let folder = tempfile::tempdir()?;
    let data = Data::of(programs, &context.data, options.small, options.matches).await?;
    let gateway = data.installation.start(programs, folder.path()).await?;
    let rest = async || -> Result<Memory> {
        tokio::time::sleep(REST.min(options.round())).await;
        gateway.process.memory()
    };
    let idle = rest().await?;
    let (_, mut exchanges) = known(gateway.address, &data.installation, &data.newest).await?;
    exchanges.truncate(16);
    exchanges.extend(others(&data));
    // Of twenty requests sixteen are lookups; the others are what else callers do.
    let load = async |count| {
        load::closed(
            gateway.address,
            options.connections,
            &exchanges,
            Until::Count(count),
        )
        .await
    };
    load(options.requests / 20).await?;
    let warm = rest().await?;
    let measured = load(options.requests).await?;
    let after = rest().await?;
    report.add(
        Figure::reported("memory, idle", shown(idle.now))
            .value(mebibytes(idle.now), Unit::Mebibytes)
            .target(Target::AtMost(40.0)),
    );
    report.add(
        Figure::reported(
            format!("memory, after {} requests", number(measured.count() as f64)),
            shown(after.now),
        )
        .against(format!(
            "idle after a warm-up of {}: {}",
            number(options.requests as f64 / 20.0),
            shown(warm.now)
        ))
        .value(after.now as f64 / warm.now as f64, Unit::Times)
        .target(Target::AtMost(1.5)),
    );
    report.add(Figure::reported(
        "memory, the most under load",
        shown(after.most),
    ));
    gateway.process.stop().await
}

/// A page of the list, an id that is not there, a wrong secret, and a login that writes.
fn others(data: &Data) -> Vec<Exchange> {
    let installation = &data.installation;
    let login = json!({ "apiSecret": installation.secret }).to_string();
    let json = [("content-type", "application/json")];
    let wrong = [("authorization", "PortOne wrong")];
    let of = |request, status, text| Exchange {
        request,
        status,
        body: Expected::Containing(text),
    };
    let list = json!({ "filter": { "until": data.until.to_string() } }).to_string();
    vec![
        of(
            installation.request("GET", "/identity-verifications", Some(list.as_bytes())),
            200,
            "totalCount",
        ),
        of(
            installation.request("GET", "/identity-verifications/nobody", None),
            404,
            "NOT_FOUND",
        ),
        of(
            request("GET", "/identity-verifications/nobody", &wrong, None),
            401,
            "UNAUTHORIZED",
        ),
        of(
            request("POST", "/login/api-secret", &json, Some(login.as_bytes())),
            200,
            "refreshToken",
        ),
    ]
}
