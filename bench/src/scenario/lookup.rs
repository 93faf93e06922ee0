//! Lookup by id, beside a bare axum server that answers the same bytes with the same headers.

use std::{fs, net::SocketAddr, path::Path};

use crate::{
    bare::server::Known,
    data::Data,
    failure::Result,
    http::Client,
    installation::{Installation, Programs},
    load::{self, Exchange, Expected, Measured, Until},
    process::Process,
    report::{
        Figure, Report, Target, Unit,
        table::{micros, number},
    },
    rounds::Rounds,
};

use super::Context;

/// Asks for each of these once and notes the answers.
pub(super) async fn known(
    address: SocketAddr,
    installation: &Installation,
    ids: &[String],
) -> Result<(Vec<Known>, Vec<Exchange>)> {
    let mut client = Client::connect(address).await?;
    let (mut known, mut exchanges) = (Vec::new(), Vec::new());
    for id in ids {
        let path = format!("/identity-verifications/{id}");
        let request = installation.request("GET", &path, None);
        let answer = client.ask(&request).await?.kept()?;
        answer.expect(200)?;
        let body = Expected::Exactly(answer.body.clone().into_bytes());
        exchanges.push(Exchange {
            request,
            status: 200,
            body,
        });
        known.push(Known {
            method: "GET".to_owned(),
            path,
            answer,
        });
    }
    Ok((known, exchanges))
}

/// Starts the bare server with these answers.
pub(super) async fn bare(
    programs: &Programs,
    folder: &Path,
    known: &[Known],
) -> Result<(Process, SocketAddr)> {
    let file = folder.join("answers.json");
    fs::write(&file, serde_json::to_vec(known)?)?;
    programs
        .start_own(&["bare", "--answers", &file.display().to_string()], folder)
        .await
}

/// One side's rounds.
#[derive(Default)]
struct Side {
    rates: Rounds,
    /// Processor time of the server for one request, in microseconds.
    costs: Rounds,
    /// The load tool's busiest round.
    own_share: f64,
}

impl Side {
    async fn round(
        &mut self,
        server: &Process,
        address: SocketAddr,
        exchanges: &[Exchange],
        context: &Context,
    ) -> Result<()> {
        let options = &context.options;
        let before = server.cpu()?;
        let until = Until::Over(options.round());
        let measured = load::closed(address, options.connections, exchanges, until).await?;
        let cost = (server.cpu()? - before).as_secs_f64() / measured.count().max(1) as f64;
        self.rates.push(measured.per_second());
        self.costs.push(cost * 1e6);
        self.own_share = self.own_share.max(measured.own_share());
        Ok(())
    }
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let (programs, options) = (&context.programs, &context.options);
    let folder = tempfile::tempdir()?;
    let data = Data::of(programs, &context.data, options.small, options.matches).await?;
    let gateway = data.installation.start(programs, folder.path()).await?;
    let (known, exchanges) = known(gateway.address, &data.installation, &data.newest).await?;
    let (bare, bare_address) = bare(programs, folder.path(), &known).await?;

    // Once each before it counts: connections, caches, the processor's clock.
    for address in [gateway.address, bare_address] {
        load::closed(
            address,
            options.connections,
            &exchanges,
            Until::Over(options.round() / 4),
        )
        .await?;
    }
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    for _ in 0..options.rounds() {
        ours.round(&gateway.process, gateway.address, &exchanges, context)
            .await?;
        theirs
            .round(&bare, bare_address, &exchanges, context)
            .await?;
    }
    report.note_own_share("lookup, Bonin", ours.own_share);
    report.note_own_share("lookup, bare server", theirs.own_share);
    report.add(
        Figure::reported("lookup by id, throughput", per_second(&ours.rates))
            .against(format!("bare axum server: {}", per_second(&theirs.rates)))
            .value(ours.rates.median() / theirs.rates.median(), Unit::Times)
            .target(Target::AtLeast(0.5))
            .spread(ours.rates.spread().max(theirs.rates.spread())),
    );
    report.add(
        Figure::reported(
            "lookup by id, CPU of the server",
            micros(ours.costs.median()),
        )
        .against(format!(
            "bare axum server: {}",
            micros(theirs.costs.median())
        ))
        .value(ours.costs.median() / theirs.costs.median(), Unit::Times)
        .spread(ours.costs.spread().max(theirs.costs.spread())),
    );

    // Both at the same rate, which is harder on ours than half of what each can do.
    let rate = ours.rates.median() / 2.0;
    let (mut slow, mut bare_slow) = (Tail::default(), Tail::default());
    for _ in 0..options.rounds() {
        slow.round(context, gateway.address, &exchanges, rate)
            .await?;
        bare_slow
            .round(context, bare_address, &exchanges, rate)
            .await?;
    }
    report.note_own_share("lookup, open loop", slow.own_share.max(bare_slow.own_share));
    report.add(
        Figure::reported(
            format!(
                "lookup by id, p99 at {} a second (half its capacity)",
                number(rate)
            ),
            slow.shown(),
        )
        .against(format!("bare axum server: {}", bare_slow.shown()))
        .value(slow.p99.median() / bare_slow.p99.median(), Unit::Times)
        .target(Target::AtMost(3.0))
        .spread(slow.p99.spread().max(bare_slow.p99.spread())),
    );
    gateway.process.stop().await
}

fn per_second(rates: &Rounds) -> String {
    format!("{} a second", number(rates.median()))
}

/// Rounds at a fixed rate.
#[derive(Default)]
struct Tail {
    p99: Rounds,
    all: Option<Measured>,
    own_share: f64,
}

impl Tail {
    async fn round(
        &mut self,
        context: &Context,
        address: SocketAddr,
        exchanges: &[Exchange],
        rate: f64,
    ) -> Result<()> {
        let options = &context.options;
        let open = load::open(
            address,
            options.connections,
            exchanges,
            rate,
            options.round(),
        );
        let measured = open.await?;
        self.p99.push_time(measured.percentile(99.0));
        self.own_share = self.own_share.max(measured.own_share());
        match &mut self.all {
            Some(all) => all.merge(&measured)?,
            None => self.all = Some(measured),
        }
        Ok(())
    }

    fn shown(&self) -> String {
        let of = |percentile| {
            let took = self.all.as_ref().map(|all| all.percentile(percentile));
            micros(took.unwrap_or_default().as_secs_f64() * 1e6)
        };
        let p99 = micros(self.p99.median());
        format!("{p99} (p50 {}, p99.9 {})", of(50.0), of(99.9))
    }
}
