//! The whole API way by SMS, and what it cannot cost less than: one signature, and a round trip of HTTP for each request in it.

use crate::{
    bare::{crypto, server::Known},
    failure::Result,
    installation::{Installation, Sandbox},
    load::{self, Exchange, Expected, Until},
    people::Person,
    report::{
        Figure, Report, Target, Unit,
        table::{micros, number},
    },
    rounds::Rounds,
};

use super::{
    Context,
    flow::{self, Merchant},
    lookup::bare,
};

/// Requests of the merchant in one flow.
const REQUESTS: u64 = 3;

async fn verify(merchant: &mut Merchant<'_>, person: &Person) -> Result<()> {
    merchant.send(person).await?;
    merchant.confirm(person).await?;
    merchant.get_verified(person).await.map(|_| ())
}

/// One flow, with its requests and answers noted for the bare server.
async fn noted(
    merchant: &mut Merchant<'_>,
    person: &Person,
) -> Result<(Vec<Known>, Vec<Exchange>)> {
    let installation = merchant.installation;
    let send = person.send_body(&installation.channel_key);
    let steps = [
        ("POST", "/send", Some(send), merchant.send(person).await?),
        (
            "POST",
            "/confirm",
            Some(Person::confirm_body()),
            merchant.confirm(person).await?,
        ),
        ("GET", "", None, merchant.get_verified(person).await?),
    ];
    let (mut known, mut exchanges) = (Vec::new(), Vec::new());
    for (method, step, body, answer) in steps {
        let path = person.path(step);
        exchanges.push(Exchange {
            request: installation.request(method, &path, body.as_deref()),
            status: 200,
            body: Expected::Exactly(answer.body.clone().into_bytes()),
        });
        known.push(Known {
            method: method.to_owned(),
            path,
            answer,
        });
    }
    Ok((known, exchanges))
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let (programs, options) = (&context.programs, &context.options);
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(programs, folder.path()).await?;
    let merchant = sandbox.merchant().await?;
    let installation = Installation::set_up(programs, folder.path(), &sandbox).await?;
    let gateway = installation.start(programs, folder.path()).await?;
    let first = Person::nth("noted", 0);
    let mut one = Merchant::of(&installation, gateway.address).await?;
    let (known, exchanges) = noted(&mut one, &first).await?;
    drop(one);
    let (bare, bare_address) = bare(programs, folder.path(), &known).await?;

    let flows = options.flows.max(1);
    let (mut costs, mut rates, mut signatures, mut trips) = (
        Rounds::default(),
        Rounds::default(),
        Rounds::default(),
        Rounds::default(),
    );
    let mut own_share = 0f64;
    for round in 0..=u64::from(options.rounds()) {
        let people = (1 + round * flows)..(1 + (round + 1) * flows);
        let took = flow::run(
            &gateway.process,
            gateway.address,
            &installation,
            options.connections,
            people,
            async |merchant, n| verify(merchant, &Person::nth("sms", n)).await,
        )
        .await?;
        let before = bare.cpu()?;
        let count = flows * REQUESTS * 10;
        let until = Until::Count(count);
        load::closed(bare_address, options.connections, &exchanges, until).await?;
        let trip = (bare.cpu()? - before).as_secs_f64() * 1e6 / count as f64;
        let signature = crypto::signature(&merchant, 200)?;
        // The first round opens connections and reads credentials; it does not count.
        if round > 0 {
            costs.push(took.cost);
            rates.push(took.per_second);
            trips.push(trip);
            signatures.push_time(signature);
            own_share = own_share.max(took.own_share);
        }
    }
    report.note_own_share("full SMS flow", own_share);
    let limit = signatures.median() + REQUESTS as f64 * trips.median();
    report.add(
        Figure::reported(
            "full SMS flow, CPU of the gateway",
            format!(
                "{} ({} flows a second)",
                micros(costs.median()),
                number(rates.median())
            ),
        )
        .against(format!(
            "RSA-2048 signature {} + {REQUESTS} round trips of the bare server at {}",
            micros(signatures.median()),
            micros(trips.median()),
        ))
        .value(costs.median() / limit, Unit::Times)
        .target(Target::AtMost(2.5))
        .spread(costs.spread()),
    );
    gateway.process.stop().await
}
