//! The list: the first page, a deep page and each filter, on a small and on a large database.

use std::time::{Duration, Instant};

use bonin_core::Operator;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    data::{BIRTH, Data, MERCHANT, NAME, OPERATOR, PHONE},
    failure::{Doing, Result, ensure},
    http::Client,
    installation::{Gateway, Installation},
    report::{Figure, Report, Target, Unit, table::micros},
    rounds::Rounds,
};

use super::Context;

/// How much slower the large database may be for a filter that finds few.
const TARGET: Target = Target::AtMost(2.0);

/// What is asked for, and how many it finds.
struct Case {
    name: &'static str,
    filter: fn(&Data) -> Value,
    found: fn(&Data) -> Found,
    /// Which page, of ten.
    page: fn(&Data) -> u64,
}

/// How many match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Exactly(u64),
    /// Not so many that a filter that finds few would find them.
    AtMost(u64),
    /// However many there are.
    Many,
}

fn first(_: &Data) -> u64 {
    0
}

fn deep(data: &Data) -> u64 {
    data.rows / 10 * 9 / 10
}

fn real(data: &Data) -> Found {
    Found::Exactly(data.real)
}

fn one(_: &Data) -> Found {
    Found::Exactly(1)
}

fn none(_: &Data) -> Found {
    Found::Exactly(0)
}

fn many(_: &Data) -> Found {
    Found::Many
}

fn all(data: &Data) -> Found {
    Found::Exactly(data.rows)
}

/// So much time before the newest that about five hundred rows of the mass fall into it.
fn narrow(data: &Data) -> Value {
    let middle = data.until.as_second() - 40 * 24 * 3600;
    let long = 80 * 24 * 3600 * 500 / data.rows.cast_signed();
    let at = |second| {
        Timestamp::from_second(second)
            .unwrap_or(data.until)
            .to_string()
    };
    json!({ "from": at(middle), "until": at(middle + long) })
}

const CASES: [Case; 19] = [
    Case {
        name: "no filter",
        filter: |_| json!({}),
        found: all,
        page: first,
    },
    Case {
        name: "no filter, deep page",
        filter: |_| json!({}),
        found: all,
        page: deep,
    },
    Case {
        name: "identityVerificationId",
        filter: |data| json!({ "identityVerificationId": data.newest[0] }),
        found: one,
        page: first,
    },
    Case {
        name: "identityVerificationTxId",
        filter: |data| json!({ "identityVerificationTxId": data.tx_id }),
        found: one,
        page: first,
    },
    Case {
        name: "pgTxId",
        filter: |data| json!({ "pgTxId": data.pg_tx_id }),
        found: one,
        page: first,
    },
    Case {
        name: "from, until",
        filter: narrow,
        found: |_| Found::AtMost(1000),
        page: first,
    },
    Case {
        name: "customer.name",
        filter: |_| json!({ "customer": { "name": NAME } }),
        found: real,
        page: first,
    },
    Case {
        name: "customer.phoneNumber",
        filter: |_| json!({ "customer": { "phoneNumber": PHONE } }),
        found: real,
        page: first,
    },
    Case {
        name: "customer.birthYear",
        filter: |_| json!({ "customer": { "birthYear": &BIRTH[..4] } }),
        found: real,
        page: first,
    },
    Case {
        name: "customer.birthYear, birthMonth, birthDay",
        filter: |_| json!({ "customer": { "birthYear": &BIRTH[..4], "birthMonth": &BIRTH[4..6], "birthDay": &BIRTH[6..] } }),
        found: real,
        page: first,
    },
    Case {
        name: "carriers",
        filter: |_| json!({ "carriers": [carrier(OPERATOR)] }),
        found: real,
        page: first,
    },
    Case {
        name: "pgMerchantId",
        filter: |_| json!({ "pgMerchantId": MERCHANT }),
        found: real,
        page: first,
    },
    Case {
        name: "isTest: false",
        filter: |_| json!({ "isTest": false }),
        found: none,
        page: first,
    },
    Case {
        name: "statuses: READY",
        filter: |_| json!({ "statuses": ["READY"] }),
        found: none,
        page: first,
    },
    Case {
        name: "statuses: FAILED",
        filter: |_| json!({ "statuses": ["FAILED"] }),
        found: many,
        page: first,
    },
    Case {
        name: "carriers: KT",
        filter: |_| json!({ "carriers": ["KT"] }),
        found: many,
        page: first,
    },
    Case {
        name: "pgProviders",
        filter: |_| json!({ "pgProviders": ["KCP_V2"] }),
        found: all,
        page: first,
    },
    Case {
        name: "customer.gender",
        filter: |_| json!({ "customer": { "gender": "FEMALE" } }),
        found: many,
        page: first,
    },
    Case {
        name: "customer.birthMonth",
        filter: |_| json!({ "customer": { "birthMonth": &BIRTH[4..6] } }),
        found: many,
        page: first,
    },
];

fn carrier(operator: Operator) -> &'static str {
    operator.as_str()
}

/// A database with a gateway on it.
struct Side {
    data: Data,
    gateway: Gateway,
}

impl Side {
    async fn of(context: &Context, folder: &std::path::Path, rows: u64) -> Result<Self> {
        let (programs, options) = (&context.programs, &context.options);
        let data = Data::of(programs, &context.data, rows, options.matches).await?;
        let gateway = data.installation.start(programs, folder).await?;
        Ok(Self { data, gateway })
    }

    /// A connection for one round: a gateway closes what has been idle for long, as one side is while the other is slow or is
    /// only being made.
    async fn connect(&self) -> Result<Client> {
        Client::connect(self.gateway.address).await
    }

    fn request(&self, case: &Case) -> Vec<u8> {
        let mut filter = (case.filter)(&self.data);
        let Installation { store, .. } = &self.data.installation;
        filter["storeId"] = json!(store);
        // Its own time, so that a database that was made last month finds the same.
        if filter["from"].is_null() {
            filter["from"] = json!(self.data.from().to_string());
            let until = self.data.until.saturating_add(SignedDuration::from_mins(1));
            filter["until"] = json!(until.unwrap_or(self.data.until).to_string());
        }
        let body =
            json!({ "page": { "number": (case.page)(&self.data), "size": 10 }, "filter": filter });
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("requestBody", &body.to_string());
        let path = format!("/identity-verifications?{}", query.finish());
        self.data.installation.request("GET", &path, None)
    }

    /// Asks once and holds the answer to what must be found.
    async fn check(&self, case: &Case) -> Result<u64> {
        let request = self.request(case);
        let mut client = self.connect().await?;
        let answer: Value = client.ask(&request).await?.kept()?.json(200)?;
        let total = answer["page"]["totalCount"].as_u64().unwrap_or(u64::MAX);
        let shown = answer["items"].as_array().map_or(0, Vec::len) as u64;
        let right = match (case.found)(&self.data) {
            Found::Exactly(count) => total == count,
            Found::AtMost(most) => total > 0 && total <= most,
            Found::Many => total > 0,
        };
        ensure(right, || {
            format!("{} finds {total} of {}", case.name, self.data.rows)
        })?;
        ensure(shown == total.min(10), || {
            format!("{} shows {shown} of {total}", case.name)
        })?;
        Ok(total)
    }

    /// The middle of so many answers, or of as many as come in the time of a round.
    async fn round(&self, case: &Case, longest: Duration) -> Result<f64> {
        const ANSWERS: usize = 20;
        let request = self.request(case);
        let mut client = self.connect().await?;
        let mut took = Rounds::default();
        let began = Instant::now();
        for _ in 0..ANSWERS {
            let asked = Instant::now();
            let answer = client.ask(&request).await?;
            ensure(answer.status == 200, || {
                format!("{}: {}", case.name, answer.status)
            })?;
            took.push_time(asked.elapsed());
            if began.elapsed() > longest {
                break;
            }
        }
        Ok(took.median())
    }
}

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let options = &context.options;
    let folder = tempfile::tempdir()?;
    let small = Side::of(context, folder.path(), options.small).await?;
    let large = Side::of(context, folder.path(), options.large).await?;
    for case in &CASES {
        let (few, total) = (
            small.check(case).await?,
            large.check(case).await.doing(case.name)?,
        );
        let (mut at_small, mut at_large) = (Rounds::default(), Rounds::default());
        for _ in 0..options.rounds() {
            at_small.push(small.round(case, options.round()).await?);
            at_large.push(large.round(case, options.round()).await?);
        }
        let figure = Figure::reported(
            format!("list, {}", case.name),
            format!(
                "{} ({total} of {})",
                micros(at_large.median()),
                options.large
            ),
        )
        .against(format!(
            "{} ({few} of {})",
            micros(at_small.median()),
            options.small
        ))
        .value(at_large.median() / at_small.median(), Unit::Times)
        .spread(at_large.spread().max(at_small.spread()));
        let selective = (case.found)(&large.data) != Found::Many && total <= 1000;
        report.add(if selective {
            figure.target(TARGET)
        } else {
            figure
        });
    }
    small.gateway.process.stop().await?;
    large.gateway.process.stop().await
}
