//! The whole SDK way through KCP's window, and what it cannot cost less than: four derivations of keys.

use serde_json::{Value, json};

use crate::{
    bare::crypto,
    failure::{Failure, Result, ensure},
    http::request,
    installation::{Installation, Sandbox, text},
    people::Person,
    report::{
        Figure, Report, Target, Unit,
        table::{micros, number},
    },
    rounds::Rounds,
    walk::walk_through,
};

use super::{
    Context,
    flow::{self, Merchant},
};

/// Registering encrypts, asking decrypts, and each derives a key and an initialisation vector.
const DERIVATIONS: f64 = 4.0;
const ORIGIN: &str = "http://shop.example";

async fn verify(merchant: &mut Merchant<'_>, person: &Person) -> Result<()> {
    let body = json!({
        "storeId": merchant.installation.store,
        "identityVerificationId": person.id,
        "channelKey": merchant.installation.channel_key,
        "windowType": "REDIRECTION",
        "redirectUrl": format!("{ORIGIN}/done"),
    })
    .to_string();
    let headers = [
        ("origin", ORIGIN),
        ("content-type", "text/plain;charset=UTF-8"),
    ];
    let open = request(
        "POST",
        "/checkout/identity-verifications",
        &headers,
        Some(body.as_bytes()),
    );
    let opened: Value = merchant.browse(&open).await?.json(200)?;
    let window = format!("/checkout/{}", text(&opened, "txId")?);
    let departure = merchant.browse(&request("GET", &window, &[], None)).await?;
    let back = walk_through(&departure.expect(200)?.body, person).await?;
    let path = url::Url::parse(&back.action)?.path().to_owned();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let arrival = merchant
        .browse(&request("POST", &path, &headers, Some(&back.encoded())))
        .await?;
    arrival.expect(200)?;
    let status = request("GET", &format!("{window}/status"), &[], None);
    let status: Value = merchant.browse(&status).await?.json(200)?;
    ensure(status["status"] == "VERIFIED", || {
        format!("not verified: {status}")
    })?;
    merchant.get_verified(person).await.map(|_| ())
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let (programs, options) = (&context.programs, &context.options);
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(programs, folder.path()).await?;
    let merchant = sandbox.merchant().await?;
    let installation = Installation::set_up(programs, folder.path(), &sandbox).await?;
    let gateway = installation.start(programs, folder.path()).await?;

    // Half as many as of the other way: the sandbox derives keys, too, and has pages to show.
    let flows = (options.flows / 2).max(1);
    let (mut costs, mut rates, mut derivations) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let mut own_share = 0f64;
    for round in 0..=u64::from(options.rounds()) {
        // The first round does not count, and is short.
        let people = if round == 0 {
            0..flows.min(20)
        } else {
            round * flows + 20..(round + 1) * flows + 20
        };
        let took = flow::run(
            &gateway.process,
            gateway.address,
            &installation,
            options.connections.min(16),
            people,
            async |merchant, n| {
                let person = Person::nth("window", n);
                let doing = |failure: Failure| Failure::new(format!("{}: {failure}", person.id));
                verify(merchant, &person).await.map_err(doing)
            },
        )
        .await?;
        let derivation = crypto::derivation(&merchant, 100)?;
        if round > 0 {
            costs.push(took.cost);
            rates.push(took.per_second);
            derivations.push_time(derivation);
            own_share = own_share.max(took.own_share);
        }
    }
    report.note_own_share("full window flow", own_share);
    report.add(
        Figure::reported(
            "full window flow, CPU of the gateway",
            format!(
                "{} ({} flows a second)",
                micros(costs.median()),
                number(rates.median())
            ),
        )
        .against(format!(
            "4 PBKDF2 derivations at {}",
            micros(derivations.median())
        ))
        .value(
            costs.median() / (DERIVATIONS * derivations.median()),
            Unit::Times,
        )
        .target(Target::AtMost(1.3))
        .spread(costs.spread()),
    );
    gateway.process.stop().await
}
