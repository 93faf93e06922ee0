//! What runs by itself: tries whose time is over are ended, personal data whose time is over is erased, webhooks that are due are
//! sent and those that are over removed, the database's keys are followed, and counts that no longer count are forgotten.

use std::fmt::Display;

use bonin_store::StoreError;

use super::Service;

/// How many verifications one sweep takes at a time.
const BATCH: u32 = 200;
/// What can wait is done the first time and every twelfth time after that: once a minute, with the usual interval.
const SELDOM: u32 = 12;

impl Service {
    /// Starts it. It stops with [`Service::drain`].
    pub fn start_sweeper(&self) {
        self.start_webhooks();
        let service = self.clone();
        // Apart from the rest: KCP is asked here, and may be slow.
        self.under_way.spawn(async move {
            while service.is_due_again().await {
                let done = service.sweep_windows(BATCH).await;
                service.round(
                    "windows",
                    done,
                    "windows whose time is over could not be ended yet",
                );
            }
        });
        let service = self.clone();
        // Apart again: sealing everything anew takes its time.
        self.under_way.spawn(async move {
            while service.is_due_again().await {
                let done = service.follow_keys().await;
                service.round("keys", done, "the database's keys could not be followed");
            }
        });
        let service = self.clone();
        // And again: much may be due to be erased at once.
        self.under_way.spawn(async move {
            for round in 0u32.. {
                if !service.is_due_again().await {
                    break;
                }
                if round.is_multiple_of(SELDOM) {
                    service.forget().await;
                }
            }
        });
        let service = self.clone();
        self.under_way.spawn(async move {
            for round in 0u32.. {
                if !service.is_due_again().await {
                    break;
                }
                let done = service.sweep().await;
                service.round(
                    "sweeper",
                    done,
                    "tries whose time is over could not be ended yet",
                );
                let done = service.count_webhooks().await;
                service.round(
                    "webhook_count",
                    done,
                    "webhooks that wait could not be counted",
                );
                // A shell that erases may be kept from it by a reader, and whoever erases may die before it.
                if service.store.is_to_be_scrubbed() || round.is_multiple_of(SELDOM) {
                    let done = service.store.scrub().await.map(drop);
                    service.round(
                        "scrub",
                        done,
                        "the database's log could not be truncated yet",
                    );
                }
            }
        });
    }

    /// Waits until it is time to look again; `false` where the process is about to end.
    async fn is_due_again(&self) -> bool {
        tokio::select! {
            () = self.stopping.cancelled() => false,
            () = tokio::time::sleep(self.config.sweep_interval) => true,
        }
    }

    /// Notes how a round of a worker ended.
    fn round<E: Display>(&self, worker: &'static str, done: Result<(), E>, failure: &'static str) {
        self.metrics.workers.ran(worker, done.is_ok());
        if let Err(error) = done {
            tracing::warn!(%error, "{failure}");
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        loop {
            let ended = self.store.sweep(BATCH, self.now()).await?;
            self.metrics.workers.swept(ended);
            if ended > 0 {
                tracing::info!(ended, "ended tries whose time was over");
            }
            if ended < BATCH {
                return Ok(());
            }
        }
    }

    async fn forget(&self) {
        self.round(
            "retention",
            self.retain().await,
            "personal data whose time is over could not be erased yet",
        );
        self.round(
            "webhook_history",
            self.tidy_webhooks().await,
            "webhooks that are over could not be removed yet",
        );
        self.limits.forget_quiet();
        let within = self.config.limits.phone_messages_within;
        self.round(
            "counts",
            self.store.forget_old_counts(within, self.now()).await,
            "old counts could not be removed yet",
        );
        let idle = self.config.console.session_idle;
        self.round(
            "sessions",
            self.store.forget_sessions(idle, self.now()).await,
            "sessions that are over could not be removed yet",
        );
    }
}
