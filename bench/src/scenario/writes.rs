//! Durable writes of many callers, beside a database that commits single rows one after another.
//!
//! The write is the smallest that the API has: a login, which replaces the secret's refresh token. Each caller has a secret of its
//! own, so that none waits for another's row. The store's *begin*, a transaction of several statements, is reported beside it.

use std::{
    cell::Cell,
    path::Path,
    time::{Duration, Instant},
};

use bonin_core::{
    ChannelId, IdentityVerificationId, Operator, OrderNumber, PersonName, PhoneNumber, Rules,
    SecretId, StoreId, TxId, Way,
};
use bonin_store::{
    Actor, BeginTry, ChannelOfTry, ConnectOptions, Customer, Keyring, NewApiSecret, SecretHash,
    Store, VerificationKey,
};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    bare::commits,
    failure::{Failure, Result},
    http::request,
    installation::{Installation, Sandbox},
    load::{self, Exchange, Expected, Until},
    report::{Figure, Report, Target, Unit, table::number},
    rounds::Rounds,
};

use super::Context;

/// How many write at once.
const CALLERS: usize = 64;

fn secret_of(caller: usize) -> String {
    format!("bench-caller-{caller:04}-of-a-run-that-nobody-relies-on")
}

/// The store itself, opened beside the gateway.
async fn open(installation: &Installation) -> Result<Store> {
    let keyring = Keyring::parse(&installation.key)?;
    let options = ConnectOptions::default();
    let store = Store::connect(&installation.database, keyring, Rules::default(), &options).await?;
    store.check(Timestamp::now()).await?;
    Ok(store)
}

/// Gives each caller a secret. A secret of our own making: the shell would take a second for each.
async fn prepare(store: &Store, installation: &Installation) -> Result<Vec<SecretId>> {
    let by = Actor::system("bench");
    let mut ids = Vec::new();
    for caller in 0..CALLERS {
        let id = SecretId::parse(format!("secret-bench-{caller:04}"))?;
        let secret = NewApiSecret {
            id: id.clone(),
            hash: SecretHash::of(&secret_of(caller)),
            prefix: "bench".to_owned(),
            name: format!("측정 {caller}"),
            default_store: StoreId::parse(installation.store.as_str())?,
            other_stores: Vec::new(),
            expires_at: None,
        };
        store.create_secret(&secret, &by, Timestamp::now()).await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Writes a second, of so many callers for so long.
async fn rate(duration: Duration, write: impl AsyncFn(usize, u64) -> Result<()>) -> Result<f64> {
    let count = Cell::new(0u64);
    let began = Instant::now();
    let caller = |caller: usize| {
        let (count, write) = (&count, &write);
        async move {
            while began.elapsed() < duration {
                let n = count.replace(count.get() + 1);
                write(caller, n).await?;
            }
            Ok::<_, Failure>(())
        }
    };
    try_join_all((0..CALLERS).map(caller)).await?;
    Ok(count.get() as f64 / began.elapsed().as_secs_f64())
}

/// The smallest write of the store.
async fn replace_tokens(
    store: &Store,
    secrets: &[SecretId],
    duration: Duration,
    run: u32,
) -> Result<f64> {
    rate(duration, async |caller, n| {
        let now = Timestamp::now();
        let hash = SecretHash::of(&format!("{run}-{caller}-{n}"));
        let until = now.saturating_add(SignedDuration::from_hours(1))?;
        Ok(store
            .replace_refresh_token(&secrets[caller], &hash, until, now)
            .await?)
    })
    .await
}

/// *begin*, which is what a send writes before KCP is asked.
async fn begin(
    store: &Store,
    installation: &Installation,
    duration: Duration,
    run: u32,
) -> Result<f64> {
    let channel = ChannelOfTry {
        id: ChannelId::parse(installation.channel_id.as_str())?,
        is_test: true,
        pg_provider: "KCP_V2".to_owned(),
        pg_merchant_id: "AO7F3".to_owned(),
    };
    let key_store = StoreId::parse(installation.store.as_str())?;
    rate(duration, async |_, n| {
        let now = Timestamp::now();
        let tx_id = format!("{run:08x}{n:024x}");
        let wanted = BeginTry {
            key: VerificationKey {
                store: key_store.clone(),
                id: IdentityVerificationId::parse(format!("begin{run}x{n}"))?,
            },
            order_number: OrderNumber::parse(tx_id.as_str())?,
            tx_id: TxId::parse(tx_id)?,
            channel: channel.clone(),
            way: Way::Sms,
            operator: Some(Operator::Kt),
            customer: Customer {
                name: Some(PersonName::parse("홍길동")?),
                phone: Some(PhoneNumber::parse(format!("010{:08}", n % 100_000_000))?),
                ..Customer::default()
            },
            custom_data: None,
            settle_by: now.saturating_add(SignedDuration::from_hours(1))?,
            checkout: None,
            message_limit: None,
            daily_tries: None,
        };
        Ok(store.begin(&wanted, now).await?)
    })
    .await
}

/// The rounds of one database.
#[derive(Default)]
struct Rates {
    bare: Rounds,
    over_http: Rounds,
    tokens: Rounds,
    begins: Rounds,
    own_share: f64,
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("writes")
        .tempdir_in(beside(&context.data)?)?;
    let sandbox = Sandbox::start(&context.programs, folder.path()).await?;
    let installation = Installation::set_up(&context.programs, folder.path(), &sandbox).await?;
    let rows = folder.path().join("rows.db");
    let rates = measure(context, folder.path(), &installation, async |duration| {
        commits::sqlite(&rows, duration).await
    })
    .await?;
    tell(report, "SQLite", "synchronous=FULL", &rates);
    if let Some(server) = &context.options.postgres {
        let own = commits::OwnDatabase::create(server).await?;
        let rates = on_postgres(context, folder.path(), &sandbox, &own.url).await;
        own.drop().await?;
        tell(report, "PostgreSQL", "synchronous_commit=on", &rates?);
    }
    Ok(())
}

async fn on_postgres(
    context: &Context,
    folder: &Path,
    sandbox: &Sandbox,
    url: &str,
) -> Result<Rates> {
    let url = url.to_owned();
    let installation =
        Installation::set_up_in(&context.programs, folder, sandbox, url.clone()).await?;
    measure(context, folder, &installation, async |duration| {
        commits::postgres(&url, duration).await
    })
    .await
}

/// On the disk of the databases, not in memory.
fn beside(data: &Path) -> Result<&Path> {
    std::fs::create_dir_all(data)?;
    Ok(data)
}

async fn measure(
    context: &Context,
    folder: &Path,
    installation: &Installation,
    bare: impl AsyncFn(Duration) -> Result<f64>,
) -> Result<Rates> {
    let options = &context.options;
    let store = open(installation).await?;
    let secrets = prepare(&store, installation).await?;
    let logins: Vec<Exchange> = (0..CALLERS)
        .map(|caller| {
            let body = json!({ "apiSecret": secret_of(caller) }).to_string();
            let headers = [("content-type", "application/json")];
            Exchange {
                request: request("POST", "/login/api-secret", &headers, Some(body.as_bytes())),
                status: 200,
                body: Expected::Containing("refreshToken"),
            }
        })
        .collect();
    let mut rates = Rates::default();
    for round in 0..options.rounds() {
        rates.bare.push(bare(options.round()).await?);
        // A gateway that starts and ends with the round: while the store writes by itself nothing else holds the database.
        let gateway = installation.start(&context.programs, folder).await?;
        let until = Until::Over(options.round());
        let measured = load::closed(gateway.address, CALLERS, &logins, until).await?;
        gateway.process.stop().await?;
        rates.over_http.push(measured.per_second());
        rates.own_share = rates.own_share.max(measured.own_share());
        rates
            .tokens
            .push(replace_tokens(&store, &secrets, options.round(), round).await?);
        rates
            .begins
            .push(begin(&store, installation, options.round(), round).await?);
    }
    store.close().await;
    Ok(rates)
}

fn tell(report: &mut Report, database: &str, setting: &str, rates: &Rates) {
    report.note_own_share(&format!("durable writes, {database}"), rates.own_share);
    let per_second = |rounds: &Rounds| format!("{} a second", number(rounds.median()));
    let bare = format!("rows one by one, {setting}: {}", per_second(&rates.bare));
    let figure = |what: &str, rounds: &Rounds| {
        Figure::reported(
            format!("{database}, {CALLERS} callers, {what}"),
            per_second(rounds),
        )
        .against(bare.clone())
        .value(rounds.median() / rates.bare.median(), Unit::Times)
        .spread(rounds.spread().max(rates.bare.spread()))
    };
    let tokens = figure("durable writes (the store's smallest)", &rates.tokens);
    // The target is about grouped commits, which are SQLite's: PostgreSQL groups by itself.
    report.add(if database == "SQLite" {
        tokens.target(Target::AtLeast(10.0))
    } else {
        tokens
    });
    report.add(figure("logins over HTTP", &rates.over_http));
    report.add(figure("*begin* of the store", &rates.begins));
}
