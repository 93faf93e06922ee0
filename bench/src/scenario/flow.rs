//! Whole flows, many at once, and what they cost the gateway.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;

use crate::{
    failure::Result,
    http::{Client, Kept},
    installation::Installation,
    people::Person,
    process::{Process, own_cpu},
};

/// What so many flows took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    /// Processor time of the gateway alone, for one flow, in microseconds.
    pub(super) cost: f64,
    pub(super) per_second: f64,
    /// How much of one core the load tool took.
    pub(super) own_share: f64,
}

/// A merchant and its customers, over one connection.
pub(super) struct Merchant<'a> {
    pub(super) installation: &'a Installation,
    client: Client,
}

impl<'a> Merchant<'a> {
    pub(super) async fn of(installation: &'a Installation, address: SocketAddr) -> Result<Self> {
        let client = Client::connect(address).await?;
        Ok(Self {
            installation,
            client,
        })
    }

    /// Asks with the merchant's secret.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Kept> {
        let request = self.installation.request(method, path, body);
        self.client.ask(&request).await?.kept()
    }

    /// Asks as a browser would, without a secret.
    pub(super) async fn browse(&mut self, request: &[u8]) -> Result<Kept> {
        self.client.ask(request).await?.kept()
    }

    /// Sends the SMS.
    pub(super) async fn send(&mut self, person: &Person) -> Result<Kept> {
        let body = person.send_body(&self.installation.channel_key);
        let answer = self.ask("POST", &person.path("/send"), Some(&body)).await?;
        answer.expect(200)?;
        Ok(answer)
    }

    /// Confirms with the number from the SMS.
    pub(super) async fn confirm(&mut self, person: &Person) -> Result<Kept> {
        let body = Person::confirm_body();
        let answer = self
            .ask("POST", &person.path("/confirm"), Some(&body))
            .await?;
        answer.expect(200)?;
        Ok(answer)
    }

    /// Looks it up; it must be verified.
    pub(super) async fn get_verified(&mut self, person: &Person) -> Result<Kept> {
        let answer = self.ask("GET", &person.path(""), None).await?;
        let found: serde_json::Value = answer.json(200)?;
        crate::failure::ensure(found["status"] == "VERIFIED", || {
            format!("not verified: {found}")
        })?;
        Ok(answer)
    }
}

/// Runs so many flows, so many at once, and says what they cost this process.
pub(super) async fn run<'a, F>(
    gateway: &Process,
    address: SocketAddr,
    installation: &'a Installation,
    at_once: usize,
    people: std::ops::Range<u64>,
    flow: F,
) -> Result<Took>
where
    F: AsyncFn(&mut Merchant<'a>, u64) -> Result<()>,
{
    let connecting = (0..at_once.max(1)).map(|_| Merchant::of(installation, address));
    let merchants = try_join_all(connecting).await?;
    let next = Cell::new(people.start);
    let (count, end) = (people.end - people.start, people.end);
    let (cpu, own, began) = (gateway.cpu()?, own_cpu(), Instant::now());
    let worker = |mut merchant: Merchant<'a>| {
        let (next, flow) = (&next, &flow);
        async move {
            while next.get() < end {
                let n = next.replace(next.get() + 1);
                flow(&mut merchant, n).await?;
            }
            Ok::<_, crate::failure::Failure>(())
        }
    };
    try_join_all(merchants.into_iter().map(worker)).await?;
    let elapsed = began.elapsed().max(Duration::from_nanos(1));
    let cost = (gateway.cpu()? - cpu).as_secs_f64() * 1e6 / count.max(1) as f64;
    Ok(Took {
        cost,
        per_second: count as f64 / elapsed.as_secs_f64(),
        own_share: (own_cpu() - own).as_secs_f64() / elapsed.as_secs_f64(),
    })
}
