//! Load: closed loop, where each connection asks again as soon as it has its answer, and open loop, where requests leave at a fixed
//! rate and a late one is counted from when it should have left: a server that stalls is not asked less while it does.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;

use crate::{
    failure::{Failure, Result, ensure},
    http::{Answer, Client},
    pace::{Pacer, Schedule},
    process::own_cpu,
};

/// The longest time that is told apart.
const LONGEST: u64 = 120_000_000_000;

/// What an answer must be.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// These bytes.
    Exactly(Vec<u8>),
    /// Something with this in it.
    Containing(&'static str),
}

/// A request and what must come back.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) body: Expected,
}

impl Exchange {
    fn check(&self, answer: &Answer<'_>) -> Result<()> {
        let as_expected = match &self.body {
            Expected::Exactly(bytes) => answer.body == bytes.as_slice(),
            Expected::Containing(text) => {
                let found = answer.body.windows(text.len());
                text.is_empty() || found.into_iter().any(|window| window == text.as_bytes())
            }
        };
        if as_expected && answer.status == self.status {
            return Ok(());
        }
        let begins: String = String::from_utf8_lossy(answer.body)
            .chars()
            .take(300)
            .collect();
        let asked: String = String::from_utf8_lossy(&self.request)
            .chars()
            .take(80)
            .collect();
        Err(Failure::new(format!(
            "not the expected answer ({}) to {:?}: {} {begins}",
            self.status,
            asked.lines().next().unwrap_or_default(),
            answer.status
        )))
    }
}

/// When to stop asking.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After so long.
    Over(Duration),
    /// After so many requests.
    Count(u64),
}

/// What was measured.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Nanoseconds.
    histogram: Histogram<u64>,
    elapsed: Duration,
    /// The processor time of this tool meanwhile.
    own_cpu: Duration,
}

impl Measured {
    fn new() -> Result<Self> {
        Ok(Self {
            histogram: Histogram::new_with_bounds(1, LONGEST, 3)?,
            elapsed: Duration::ZERO,
            own_cpu: Duration::ZERO,
        })
    }

    fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(nanos.max(1));
    }

    /// Joins what was measured at another time.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        self.histogram.add(&other.histogram)?;
        self.elapsed += other.elapsed;
        self.own_cpu += other.own_cpu;
        Ok(())
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// So many of a hundred were no slower.
    pub(crate) fn percentile(&self, percentile: f64) -> Duration {
        Duration::from_nanos(self.histogram.value_at_percentile(percentile))
    }

    /// How much of one core this tool took.
    pub(crate) fn own_share(&self) -> f64 {
        self.own_cpu.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }
}

async fn connect(address: SocketAddr, count: usize) -> Result<Vec<Client>> {
    try_join_all((0..count).map(|_| Client::connect(address))).await
}

/// Each of so many connections asks again as soon as it has its answer, from these exchanges one after another.
pub(crate) async fn closed(
    address: SocketAddr,
    connections: usize,
    exchanges: &[Exchange],
    until: Until,
) -> Result<Measured> {
    ensure(!exchanges.is_empty(), || {
        "there is nothing to ask".to_owned()
    })?;
    let clients = connect(address, connections).await?;
    let next = Cell::new(0u64);
    let cpu = own_cpu();
    let start = Instant::now();
    let worker = |mut client: Client| {
        let next = &next;
        async move {
            let mut measured = Measured::new()?;
            loop {
                let n = next.get();
                match until {
                    Until::Over(duration) if start.elapsed() >= duration => break,
                    Until::Count(count) if n >= count => break,
                    _ => next.set(n + 1),
                }
                let exchange = &exchanges[(n % exchanges.len() as u64) as usize];
                let began = Instant::now();
                let answer = client.ask(&exchange.request).await?;
                let took = began.elapsed();
                exchange.check(&answer)?;
                measured.record(took);
            }
            Ok::<_, Failure>(measured)
        }
    };
    let parts = try_join_all(clients.into_iter().map(worker)).await?;
    all(&parts, start, cpu)
}

/// Requests leave at this rate, over so many connections; where all are busy they wait, which counts.
pub(crate) async fn open(
    address: SocketAddr,
    connections: usize,
    exchanges: &[Exchange],
    per_second: f64,
    duration: Duration,
) -> Result<Measured> {
    ensure(!exchanges.is_empty(), || {
        "there is nothing to ask".to_owned()
    })?;
    let clients = connect(address, connections).await?;
    let next = Cell::new(0u64);
    let cpu = own_cpu();
    let start = Instant::now();
    let schedule = Schedule::new(start, per_second, duration);
    let pacer = Pacer::start(schedule, connections)?;
    let worker = |mut client: Client| {
        let (next, pacer) = (&next, &pacer);
        async move {
            let mut measured = Measured::new()?;
            loop {
                pacer.next().await?;
                let n = next.replace(next.get() + 1);
                if n >= schedule.count() {
                    return Ok::<_, Failure>(measured);
                }
                let exchange = &exchanges[(n % exchanges.len() as u64) as usize];
                let answer = client.ask(&exchange.request).await?;
                let took = schedule.due(n).elapsed();
                exchange.check(&answer)?;
                measured.record(took);
            }
        }
    };
    let parts = try_join_all(clients.into_iter().map(worker)).await?;
    all(&parts, start, cpu)
}

fn all(parts: &[Measured], start: Instant, cpu: Duration) -> Result<Measured> {
    let mut measured = Measured::new()?;
    for part in parts {
        measured.merge(part)?;
    }
    measured.elapsed = start.elapsed();
    measured.own_cpu = own_cpu().saturating_sub(cpu);
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    fn exchange() -> Exchange {
        Exchange {
            request: crate::http::request("GET", "/", &[], None),
            status: 200,
            body: Expected::Exactly(b"ok".to_vec()),
        }
    }

    /// A server that answers each request after what `pause` says of it.
    async fn server(pause: fn(u64) -> Duration) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut asked = [0; 1024];
                    let mut n = 0;
                    while stream.read(&mut asked).await.unwrap() > 0 {
                        tokio::time::sleep(pause(n)).await;
                        n += 1;
                        stream.write_all(ANSWER).await.unwrap();
                    }
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn a_closed_loop_asks_as_often_as_it_was_told() {
        let address = server(|_| Duration::ZERO).await;
        let measured = closed(address, 3, &[exchange()], Until::Count(50))
            .await
            .unwrap();
        assert_eq!(measured.count(), 50);
        assert!(measured.per_second() > 0.0);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_the_expected_one_is_no_measurement() {
        let address = server(|_| Duration::ZERO).await;
        for wrong in [
            Exchange {
                status: 404,
                ..exchange()
            },
            Exchange {
                body: Expected::Exactly(b"on".to_vec()),
                ..exchange()
            },
            Exchange {
                body: Expected::Containing("no"),
                ..exchange()
            },
        ] {
            let failed = closed(address, 1, &[wrong], Until::Count(5)).await;
            assert!(
                failed
                    .unwrap_err()
                    .to_string()
                    .contains("not the expected answer")
            );
        }
    }

    #[tokio::test]
    async fn requests_that_wait_behind_a_stall_are_counted_from_when_they_should_have_left() {
        // The first answer takes 200 ms, in which 20 requests should leave over the one connection.
        let address = server(|n| Duration::from_millis(if n == 0 { 200 } else { 0 })).await;
        let exchanges = [exchange()];
        let open = open(address, 1, &exchanges, 100.0, Duration::from_millis(500));
        let measured = open.await.unwrap();
        assert_eq!(measured.count(), 50);
        // Only the first was slow on the wire; of all 50 the slowest fifth waited long.
        assert!(measured.percentile(80.0) > Duration::from_millis(50));
        assert!(measured.percentile(100.0) >= Duration::from_millis(190));
    }

    #[test]
    fn what_was_measured_apart_is_joined() {
        let of = |millis: &[u64], seconds| {
            let mut measured = Measured::new().unwrap();
            millis
                .iter()
                .for_each(|ms| measured.record(Duration::from_millis(*ms)));
            measured.elapsed = Duration::from_secs(seconds);
            measured.own_cpu = Duration::from_millis(500 * seconds);
            measured
        };
        let mut joined = of(&[1, 2, 3], 1);
        joined.merge(&of(&[100], 3)).unwrap();
        assert_eq!(joined.count(), 4);
        assert!((joined.per_second() - 1.0).abs() < 1e-9);
        assert!((joined.own_share() - 0.5).abs() < 1e-9);
        let near =
            |found: Duration, millis: u64| found.as_millis().abs_diff(u128::from(millis)) <= 1;
        assert!(near(joined.percentile(50.0), 2));
        assert!(near(joined.percentile(100.0), 100));
    }
}
