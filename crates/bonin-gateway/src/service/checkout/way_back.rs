//! The browser comes back from the provider's window. What it says is not believed: the provider is asked.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use bonin_api::WindowType;
use bonin_core::{ConfirmOutcome, FailureReason, Redacted, Status, TxId};
use bonin_store::{ConfirmRecord, WindowNote, WindowTry};
use futures_util::StreamExt;
use jiff::SignedDuration;

use super::{Checkout, Failure, Progress};
use crate::{
    provider::{Confirmed, WindowReturn},
    service::{Error, Service},
};

/// How long after its end a try is still asked about.
const ASK_UNTIL: SignedDuration = SignedDuration::from_hours(1);
/// How long a try that has ended is left alone between two returns.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long a window is left alone between two sweeps.
const SWEEP_AGAIN_AFTER: Duration = Duration::from_secs(20);
/// How long a person is back before the provider is asked by itself.
const UNDECIDED_FOR: SignedDuration = SignedDuration::from_secs(10);

/// When this process last asked about which window.
#[derive(Debug, Clone, Default)]
pub(in crate::service) struct AskedWindows(Arc<Mutex<HashMap<TxId, Instant>>>);

impl AskedWindows {
    /// Whether it is long enough ago; if so, notes that it is asked about now.
    fn may_ask(&self, tx_id: &TxId, pause: Duration) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.get(tx_id).is_some_and(|last| last.elapsed() < pause) {
            return false;
        }
        asked.retain(|_, last| last.elapsed() < SWEEP_AGAIN_AFTER);
        asked.insert(tx_id.clone(), Instant::now());
        true
    }
}

/// What has to be posted again.
type Again = Vec<(&'static str, Redacted)>;

/// What the browser is shown when it is back.
#[derive(Debug)]
pub struct Arrival {
    /// The merchant's id.
    pub id: String,
    /// The try.
    pub tx_id: String,
    /// What came of it.
    pub progress: Progress,
    /// The one page that is told.
    pub listener: Option<String>,
    /// Whether that page holds the window in a frame.
    pub framed: bool,
    /// Where the browser goes.
    pub redirect_url: Option<String>,
    /// What has to be posted again while nothing is decided.
    pub again: Again,
}

impl Service {
    /// A browser posts to a try's return address. Without the try's secret, all that happens is a line in the timeline.
    pub async fn way_back(
        &self,
        tx_id: &str,
        secret: &str,
        form: &[u8],
        address: IpAddr,
    ) -> Result<Arrival, Failure> {
        let window = self.window_try(tx_id).await?;
        let checkout = Checkout::of(&window)?;
        let known = checkout.return_secret.as_bytes();
        if verify_slices_are_equal(known, secret.as_bytes()).is_err() {
            // Only these are counted: a person who comes back from KCP must not be turned away for a neighbour's sake.
            self.limits.checkout_step(address).map_err(Error::from)?;
            self.note(&window, WindowNote::Forged, None).await?;
            return Err(Error::NotFound.into());
        }
        let (id, tx_id) = (window.key.id.to_string(), window.attempt.tx_id.to_string());
        let service = self.clone();
        let form = form.to_vec();
        let asked = self
            .detached(async move { service.ask_about(window, &form).await })
            .await;
        let (progress, again) = match asked {
            Ok((window, again)) => (Progress::of(&window), again),
            // The person is shown how to ask again, in the frame or window that they are in.
            Err(Error::Unavailable) => (Progress::Ready { returned: true }, Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let framed = checkout.window_type == WindowType::Iframe;
        let redirects = checkout.force_redirect || checkout.listener().is_none();
        Ok(Arrival {
            id,
            tx_id,
            progress,
            listener: checkout.listener().map(str::to_owned),
            framed,
            redirect_url: checkout.redirect_url.filter(|_| redirects),
            again,
        })
    }

    async fn note(
        &self,
        window: &WindowTry,
        note: WindowNote,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let (key, tx_id) = (&window.key, &window.attempt.tx_id);
        let now = self.now();
        Ok(self.store.note_window(key, tx_id, note, code, now).await?)
    }

    /// Notes the return, asks the provider unless all is decided, records what it said, and reads where the try stands.
    async fn ask_about(&self, window: WindowTry, form: &[u8]) -> Result<(WindowTry, Again), Error> {
        let channel = self.channel_of(&window.channel_id).await?;
        let post = self.providers.of(&channel).read_return(form);
        self.note(&window, WindowNote::Returned, post.code.as_deref())
            .await?;
        // Even a failed try is asked about again: a genuine success counts however late the browser is.
        if window.status != Status::Verified && self.may_ask_about(&window) {
            self.ask_and_record(&window, Some(&post)).await?;
        }
        let window = self.window_try(window.attempt.tx_id.as_str()).await?;
        Ok((window, post.again))
    }

    /// A try that has ended is asked about again for an hour, and not more often than every few seconds: whoever knows its
    /// address could make the merchant ask KCP for ever.
    fn may_ask_about(&self, window: &WindowTry) -> bool {
        let pause = if window.attempt.is_pending() {
            Duration::ZERO
        } else {
            ASK_AGAIN_AFTER
        };
        self.is_recent(window) && self.asked_windows.may_ask(&window.attempt.tx_id, pause)
    }

    fn is_recent(&self, window: &WindowTry) -> bool {
        let end = window.attempt.live_until.checked_add(ASK_UNTIL);
        end.is_ok_and(|end| self.now() < end)
    }

    /// Asks the provider about a window, and records what it said. A browser that came back with a failure closes the try
    /// with that failure's code, where the provider knows of no success.
    async fn ask_and_record(
        &self,
        window: &WindowTry,
        post: Option<&WindowReturn>,
    ) -> Result<(), Error> {
        let channel = self.channel_of(&window.channel_id).await?;
        let asked = self
            .providers
            .of(&channel)
            .ask_window(&channel, window)
            .await;
        let confirmed = match (asked, post) {
            (Ok(confirmed), _) => confirmed,
            (Err(unprepared), Some(_)) => return Err(unprepared.into()),
            // The channel has become useless meanwhile: the time of the try is over all the same.
            (Err(_), None) => Confirmed {
                outcome: ConfirmOutcome::StaysOpen,
                verified: None,
                pg_tx_id: None,
                answer: None,
                calls: Vec::new(),
            },
        };
        let mut record = ConfirmRecord {
            key: window.key.clone(),
            tx_id: window.attempt.tx_id.clone(),
            token: None,
            outcome: confirmed.outcome,
            verified: confirmed.verified,
            pg_tx_id: confirmed.pg_tx_id,
            answer: confirmed.answer,
            calls: confirmed.calls,
        };
        let refused = record.outcome == ConfirmOutcome::Failed(FailureReason::Refused);
        match post {
            Some(post) if refused => match &post.failure {
                Some(failure) => record.answer = Some(failure.clone()),
                // It claims a success that the provider does not know of (yet): nothing is decided by that.
                None => record.outcome = ConfirmOutcome::StaysOpen,
            },
            Some(_) => {}
            None if record.outcome == ConfirmOutcome::Verified => {}
            // Swept, and the provider says nothing (yet): it is asked again, since it may know of a success.
            None if record.outcome == ConfirmOutcome::StaysOpen && self.is_recent(window) => {
                return Ok(());
            }
            // The person is back, and the provider does not know of a success: that is no end before the time is over, and
            // nothing new for a try that another window has replaced.
            None if self.now() < window.attempt.live_until || !window.attempt.is_pending() => {
                return Ok(());
            }
            // Its time is over, whatever the provider says short of a success.
            None => {
                record.outcome = ConfirmOutcome::Failed(FailureReason::Expired);
                record.answer = None;
            }
        }
        let now = self.now();
        self.until_durable(|| self.store.record_confirm(&record, now))
            .await?;
        Ok(())
    }

    /// Asks about windows whose time is over once more, and ends them; several at a time, since KCP may be slow to say
    /// nothing.
    pub(in crate::service) async fn sweep_windows(&self, limit: u32) -> Result<(), Error> {
        const AT_ONCE: usize = 16;
        let now = self.now();
        let mut due = self.store.due_windows(limit, now).await?;
        let back_since = now.checked_sub(UNDECIDED_FOR).unwrap_or(now);
        let undecided = self.store.undecided_windows(limit, back_since).await?;
        due.extend(
            undecided
                .into_iter()
                .filter(|window| self.is_recent(window)),
        );
        due.retain(|window| {
            self.asked_windows
                .may_ask(&window.attempt.tx_id, SWEEP_AGAIN_AFTER)
        });
        futures_util::stream::iter(due)
            .take_until(self.stopping.clone().cancelled_owned())
            .for_each_concurrent(AT_ONCE, async |window| {
                if let Err(error) = self.ask_and_record(&window, None).await {
                    tracing::warn!(%error, "a window whose time is over could not be ended yet");
                }
            })
            .await;
        Ok(())
    }
}
