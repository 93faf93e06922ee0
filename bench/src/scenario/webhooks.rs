//! Webhooks delivered a second: endpoints are paused while verifications begin, so that messages wait, and all of them are resumed
//! before the gateway starts again.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    failure::{Result, ensure},
    http::request,
    installation::{Installation, Sandbox, ask_once, text},
    people::Person,
    report::{
        Figure, Report,
        table::{micros, number},
    },
    rounds::Rounds,
};

use super::{Context, flow};

/// At most 8 messages go to one endpoint at once.
const ENDPOINTS: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(300);

/// How many requests the receiver has had.
async fn received(receiver: SocketAddr) -> Result<u64> {
    let answer = ask_once(receiver, &request("GET", "/bench/others", &[], None)).await?;
    Ok(answer.expect(200)?.body.trim().parse()?)
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let (programs, options) = (&context.programs, &context.options);
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(programs, folder.path()).await?;
    let installation = Installation::set_up(programs, folder.path(), &sandbox).await?;
    let (_receiver, address) = programs.start_own(&["bare"], folder.path()).await?;
    let settings = installation.settings();
    let mut endpoints = Vec::new();
    for n in 0..ENDPOINTS {
        let url = format!("http://{address}/hook/{n}");
        let args = [
            "webhook",
            "create",
            "--store",
            &installation.store,
            "--url",
            &url,
            "--event",
            "IdentityVerification.Ready",
            "--webhook-allow-networks",
            "127.0.0.0/8",
        ];
        endpoints.push(text(&programs.json(&args, &settings)?, "id")?);
    }
    let each = |verb: &str| -> Result<()> {
        for endpoint in &endpoints {
            programs.json(&["webhook", verb, endpoint], &settings)?;
        }
        Ok(())
    };
    let sends = (options.deliveries / ENDPOINTS).max(1);
    let (mut rates, mut costs) = (Rounds::default(), Rounds::default());
    let mut expected = received(address).await?;
    for round in 0..u64::from(options.rounds()) {
        each("pause")?;
        let gateway = installation.start(programs, folder.path()).await?;
        let people = round * sends..(round + 1) * sends;
        flow::run(
            &gateway.process,
            gateway.address,
            &installation,
            options.connections,
            people,
            async |merchant, n| merchant.send(&Person::nth("hook", n)).await.map(|_| ()),
        )
        .await?;
        gateway.process.stop().await?;
        ensure(received(address).await? == expected, || {
            "a paused endpoint was called".to_owned()
        })?;
        expected += sends * ENDPOINTS;
        // While nobody runs, so that all of them are due at once.
        each("resume")?;
        let gateway = installation.start(programs, folder.path()).await?;
        let delivered = deliver(address, expected - sends * ENDPOINTS, expected).await?;
        rates.push(delivered);
        let cost = gateway.process.cpu()?.as_secs_f64() * 1e6;
        costs.push(cost / (sends * ENDPOINTS) as f64);
        gateway.process.stop().await?;
    }
    report.add(
        Figure::reported(
            "webhooks delivered",
            format!(
                "{} a second, {} of CPU each, the start included",
                number(rates.median()),
                micros(costs.median())
            ),
        )
        .against(format!("{ENDPOINTS} endpoints, a bare receiver"))
        .spread(rates.spread()),
    );
    Ok(())
}

/// Waits until all have come, and gives how many came a second since the first of them.
async fn deliver(receiver: SocketAddr, before: u64, expected: u64) -> Result<f64> {
    let began = Instant::now();
    let mut first = (before, began);
    loop {
        let now = received(receiver).await?;
        if first.0 == before && now > before && now < expected {
            first = (now, Instant::now());
        }
        if now >= expected {
            let (had, at) = first;
            return Ok((now - had) as f64 / at.elapsed().as_secs_f64());
        }
        ensure(began.elapsed() < PATIENCE, || {
            format!("only {now} of {expected} webhooks came")
        })?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
