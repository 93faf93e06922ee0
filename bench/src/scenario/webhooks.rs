//! Webhooks delivered a second: endpoints are paused while verifications begin, and resumed together.

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
    let gateway = installation.start(programs, folder.path()).await?;
    let sends = (options.deliveries / ENDPOINTS).max(1);
    let (mut rates, mut costs) = (Rounds::default(), Rounds::default());
    let mut expected = received(address).await?;
    for round in 0..u64::from(options.rounds()) {
        each("pause")?;
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
        let before = expected;
        ensure(received(address).await? == before, || {
            "a paused endpoint was called".to_owned()
        })?;
        expected += sends * ENDPOINTS;
        each("resume")?;
        // From the first that arrives: resuming from the shell takes its own time.
        let (mut first, began) = (None, Instant::now());
        let (had, at, cpu) = loop {
            let now = received(address).await?;
            if now > before && first.is_none() {
                first = Some((now, Instant::now(), gateway.process.cpu()?));
            }
            match first {
                Some(first) if now >= expected => break first,
                _ => {}
            }
            ensure(began.elapsed() < PATIENCE, || {
                format!("only {now} of {expected} webhooks came")
            })?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let count = (expected - had).max(1) as f64;
        rates.push(count / at.elapsed().as_secs_f64());
        costs.push((gateway.process.cpu()? - cpu).as_secs_f64() * 1e6 / count);
    }
    report.add(
        Figure::reported(
            "webhooks delivered",
            format!(
                "{} a second, {} of CPU each",
                number(rates.median()),
                micros(costs.median())
            ),
        )
        .against(format!("{ENDPOINTS} endpoints, a bare receiver"))
        .spread(rates.spread()),
    );
    gateway.process.stop().await
}
