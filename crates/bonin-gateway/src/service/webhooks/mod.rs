//! The worker that sends webhooks. Every instance runs one; what keeps them apart is in the database (`bonin_store::webhook`).

pub(crate) mod address;
pub(crate) mod message;
mod room;
mod send;

use std::{sync::Arc, time::Duration};

use bonin_store::{
    ClaimedWebhook, Noted, StoreError, TryFailure, TryOutcome, WebhookBacklog, WebhookEvent,
    is_success,
};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument;

pub(crate) use address::Networks;
use room::{Room, Seat};
use send::Sender;

use super::{Service, SetupError};
use crate::{WebhookConfig, ids, metrics::WebhookOutcome, telemetry};

/// How often what others wrote, or what is due again, is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long nothing is looked for after the database did not answer.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How long before the end of a lease a try has ended and is noted.
const TO_NOTE: SignedDuration = SignedDuration::from_secs(15);
/// How often a message is tried again.
const RETRIES: u32 = 5;
/// How many messages are removed, given up or dropped at a time.
const BATCH: u32 = 500;

/// What sends webhooks.
#[derive(Debug, Clone)]
pub(super) struct Webhooks {
    sender: Sender,
    room: Arc<Room>,
}

impl Webhooks {
    pub(super) fn new(config: &WebhookConfig) -> Result<Self, SetupError> {
        let networks = Arc::new(Networks::new(config.allow_networks.clone()));
        Ok(Self {
            sender: Sender::new(config.timeout, networks)?,
            room: Arc::new(Room::new(config.at_once)),
        })
    }
}

impl Service {
    /// Starts the worker. It stops with [`Service::drain`], which lets requests that are under way end.
    pub(super) fn start_webhooks(&self) {
        let service = self.clone();
        self.under_way.spawn(async move {
            while service.is_something_due().await {
                let done = service.send_what_is_due().await;
                service.metrics.workers.ran("webhooks", done.is_ok());
                if let Err(error) = done {
                    tracing::warn!(%error, "webhooks that are due could not be taken yet");
                    // Nobody is helped by asking a database that is away as fast as it says so.
                    service.pause(AFTER_TROUBLE).await;
                }
            }
        });
    }

    /// Waits until something may be due; `false` where the process is about to end.
    async fn is_something_due(&self) -> bool {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => false,
            () = self.store.webhook_written() => true,
            () = self.webhooks.room.freed() => true,
            () = tokio::time::sleep(LOOK) => true,
        }
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// Takes what is due and there is room for, again and again until nothing is left.
    async fn send_what_is_due(&self) -> Result<(), StoreError> {
        loop {
            let due = self.store.due_webhooks(self.now()).await?;
            let room = self.webhooks.room.for_each(&due);
            if room.is_empty() || self.stopping.is_cancelled() {
                return Ok(());
            }
            let Ok(token) = ids::claim_token() else {
                return Err(StoreError::NoRandomness);
            };
            let now = self.now();
            let claimed = self
                .store
                .claim_webhooks(&room, &token, self.lease(now), now)
                .await?;
            if claimed.is_empty() {
                return Ok(());
            }
            for one in claimed {
                let seat = self.webhooks.room.take(&one.delivery.endpoint);
                let service = self.clone();
                let sending = async move { service.send_one(one, seat).await };
                self.under_way
                    .spawn(sending.instrument(telemetry::webhook_span()));
            }
        }
    }

    /// Until when a message that is taken now is ours: longer than a try can take.
    fn lease(&self, now: Timestamp) -> Timestamp {
        SignedDuration::try_from(self.config.webhooks.timeout)
            .ok()
            .and_then(|timeout| now.checked_add(timeout).ok())
            .and_then(|end| end.checked_add(TO_NOTE).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// Makes one try and notes it. Ours to do until the lease lapses; dying on the way, we leave it to others.
    async fn send_one(&self, claimed: ClaimedWebhook, _seat: Seat) {
        let at = self.now();
        let (outcome, took) = self
            .webhooks
            .sender
            .send(&claimed, trace_header(), at)
            .await;
        self.metrics.webhooks.tried(counted(outcome), took);
        let delivered = is_success(outcome);
        telemetry::webhook_tried(&told(outcome), delivered);
        let retry_at = if delivered {
            None
        } else {
            self.retry_at(&claimed)
        };
        let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        let noted = self
            .until_durable(|| {
                let store = &self.store;
                store.note_webhook_try(&claimed, (at, millis), outcome, retry_at, self.now())
            })
            .await;
        let delivery = &claimed.delivery;
        let (endpoint, id) = (&delivery.endpoint, &delivery.id);
        match noted {
            Ok(Noted::Done { failing_since }) => {
                if !delivered {
                    tracing::info!(endpoint = %endpoint, delivery = %id, outcome = %told(outcome), "a webhook was not delivered");
                }
                // A test is one try whatever comes of it, and whoever asked for it sees that.
                if !delivered && retry_at.is_none() && delivery.event != WebhookEvent::Test {
                    self.metrics.webhooks.gave_up(1);
                    tracing::warn!(endpoint = %endpoint, delivery = %id, "a webhook was given up");
                }
                if let Some(since) = failing_since {
                    self.pause_if_failing(&claimed, since).await;
                }
            }
            Ok(Noted::Lost) => {
                tracing::warn!(endpoint = %endpoint, delivery = %id, "a webhook's try took longer than its lease; it goes once more");
            }
            // Told where it happened. The lease lapses, and the message goes once more.
            Err(_) => {}
        }
    }

    /// When a message that was not taken goes again. `None` after the last try.
    fn retry_at(&self, claimed: &ClaimedWebhook) -> Option<Timestamp> {
        if claimed.round_tries >= RETRIES || claimed.delivery.event == WebhookEvent::Test {
            return None;
        }
        let chance = ids::random::<1>().map_or(0, |[byte]| byte);
        let wait = wait_after(claimed.round_tries, self.config.webhooks.first_wait, chance);
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        Some(self.now().checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// Pauses an endpoint that has failed for too long, and says so.
    async fn pause_if_failing(&self, claimed: &ClaimedWebhook, since: Timestamp) {
        let now = self.now();
        let limit = self.config.webhooks.pause_after;
        let Ok(since_at_least) = now.checked_sub(limit) else {
            return;
        };
        if since > since_at_least {
            return;
        }
        let endpoint = &claimed.delivery.endpoint;
        let paused = self
            .store
            .pause_failing_webhook(endpoint, since_at_least, now);
        match paused.await {
            Ok(true) => tracing::error!(
                endpoint = %endpoint, store = %claimed.delivery.store, failing_since = %since,
                "a webhook endpoint is paused, since no try has succeeded for too long; mend the receiver and resume it"
            ),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, endpoint = %endpoint, "a failing webhook endpoint could not be paused yet");
            }
        }
    }

    /// Removes what is kept no longer, and gives up what has waited for so long.
    pub(super) async fn tidy_webhooks(&self) -> Result<(), StoreError> {
        loop {
            let keep = self.config.webhooks.keep;
            let tidied = self.store.tidy_webhooks(keep, BATCH, self.now()).await?;
            for (endpoint, messages) in tidied.given_up {
                self.metrics.webhooks.gave_up(messages);
                tracing::warn!(endpoint = %endpoint, messages, "webhooks were given up, since they had waited for too long");
            }
            if !tidied.more || self.stopping.is_cancelled() {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Tells the metrics how much waits.
    pub(super) async fn count_webhooks(&self) -> Result<(), StoreError> {
        let backlog = self.store.webhook_backlog().await?;
        let (pending, oldest, paused) = summed(&backlog, self.now());
        self.metrics.webhooks.backlog(pending, oldest);
        self.metrics.webhooks.paused(paused);
        Ok(())
    }
}

/// How long a message waits after so many tries that failed: four times as long each time, and up to a fifth longer by chance, so
/// that what failed together does not come back together.
fn wait_after(retries: u32, first: Duration, chance: u8) -> Duration {
    let wait = first.saturating_mul(4u32.saturating_pow(retries));
    wait.saturating_add(wait / 5 / 255 * u32::from(chance))
}

/// How many messages wait, for how long the oldest of those that could go has been due, and how many endpoints are paused.
fn summed(backlog: &[WebhookBacklog], now: Timestamp) -> (u64, Option<Duration>, u64) {
    let pending: i64 = backlog.iter().map(|one| one.pending).sum();
    let oldest = backlog
        .iter()
        .filter(|one| !one.is_paused)
        .filter_map(|one| one.next_at)
        .min();
    let oldest = oldest.and_then(|due| Duration::try_from(now.duration_since(due)).ok());
    let paused = backlog.iter().filter(|one| one.is_paused).count();
    (
        u64::try_from(pending).unwrap_or_default(),
        oldest,
        paused as u64,
    )
}

/// What lets the receiver's trace go on from ours, where we make one.
fn trace_header() -> HeaderMap {
    let header = telemetry::current_traceparent()
        .and_then(|text| HeaderValue::from_str(&text).ok())
        .map(|value| (HeaderName::from_static("traceparent"), value));
    header.into_iter().collect()
}

fn counted(outcome: TryOutcome) -> WebhookOutcome {
    match outcome {
        _ if is_success(outcome) => WebhookOutcome::Delivered,
        Ok(_) => WebhookOutcome::Refused,
        Err(TryFailure::Timeout) => WebhookOutcome::TimedOut,
        Err(TryFailure::Forbidden) => WebhookOutcome::Blocked,
        Err(TryFailure::Unreachable | TryFailure::Disconnected | TryFailure::NotSent) => {
            WebhookOutcome::Unreachable
        }
    }
}

/// For the log: a status or a word of ours.
fn told(outcome: TryOutcome) -> String {
    match outcome {
        Ok(status) => status.to_string(),
        Err(failure) => failure.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bonin_core::WebhookEndpointId;

    use super::*;

    #[test]
    fn retries_wait_1_4_16_64_and_256_minutes_and_at_most_a_fifth_longer() {
        let minute = Duration::from_secs(60);
        for (retries, minutes) in [1, 4, 16, 64, 256].into_iter().enumerate() {
            let wait = |chance| wait_after(retries as u32, minute, chance);
            assert_eq!(wait(0), minute * minutes);
            assert!(wait(1) > wait(0));
            let (longest, most) = (wait(255), minute * minutes * 6 / 5);
            assert!(
                longest <= most && longest + minute / 10 > most,
                "{longest:?}"
            );
        }
        assert_eq!(RETRIES, 5);
        // However it is set, nothing overflows.
        assert!(wait_after(RETRIES, Duration::MAX, 255) > minute);
    }

    #[test]
    fn the_oldest_that_is_due_is_not_one_that_waits_for_a_paused_endpoint() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let one = |pending, due: Option<i64>, is_paused| WebhookBacklog {
            endpoint: WebhookEndpointId::parse("webhook-1").unwrap(),
            pending,
            next_at: due.map(|ago| now - SignedDuration::from_secs(ago)),
            is_paused,
        };
        let seconds = |count| Some(Duration::from_secs(count));
        let backlog = [
            one(3, Some(20), false),
            one(4, Some(90), true),
            one(0, None, false),
        ];
        assert_eq!(summed(&backlog, now), (7, seconds(20), 1));
        // Nothing is due yet.
        assert_eq!(summed(&[one(1, Some(-5), false)], now), (1, None, 0));
        assert_eq!(summed(&[], now), (0, None, 0));
    }
}
