//! What runs by itself: tries whose time is over are ended, personal data whose time is over is erased, and counts that no
//! longer count are forgotten.

use std::time::Duration;

use super::Service;

/// How many verifications one sweep takes at a time.
const BATCH: u32 = 200;

impl Service {
    /// Starts it. It stops with [`Service::drain`].
    pub fn start_sweeper(&self) {
        self.start_webhooks();
        let service = self.clone();
        // Apart from the rest: KCP is asked here, and may be slow.
        self.under_way.spawn(async move {
            while service.is_due_again().await {
                if let Err(error) = service.sweep_windows(BATCH).await {
                    tracing::warn!(%error, "windows whose time is over could not be ended yet");
                }
            }
        });
        let service = self.clone();
        // Apart again: sealing everything anew takes its time.
        self.under_way.spawn(async move {
            while service.is_due_again().await {
                if let Err(error) = service.follow_keys().await {
                    tracing::warn!(%error, "the database's keys could not be followed");
                }
            }
        });
        let service = self.clone();
        self.under_way.spawn(async move {
            let mut forgot: Option<tokio::time::Instant> = None;
            while service.is_due_again().await {
                service.sweep().await;
                if let Err(error) = service.count_webhooks().await {
                    tracing::warn!(%error, "webhooks that wait could not be counted");
                }
                if service.store.is_to_be_scrubbed()
                    && let Err(error) = service.store.scrub().await
                {
                    tracing::warn!(%error, "the database's log could not be truncated yet");
                }
                if forgot.is_none_or(|at| at.elapsed() > Duration::from_secs(60)) {
                    forgot = Some(tokio::time::Instant::now());
                    service.forget().await;
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

    async fn sweep(&self) {
        loop {
            match self.store.sweep(BATCH, self.now()).await {
                Ok(ended) => {
                    if ended > 0 {
                        tracing::info!(ended, "ended tries whose time was over");
                    }
                    if ended < BATCH {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "tries whose time is over could not be ended yet");
                    return;
                }
            }
        }
    }

    async fn forget(&self) {
        if let Err(error) = self.retain().await {
            tracing::warn!(%error, "personal data whose time is over could not be erased yet");
        }
        if let Err(error) = self.tidy_webhooks().await {
            tracing::warn!(%error, "webhooks that are over could not be removed yet");
        }
        self.limits.forget_quiet();
        let within = self.config.limits.phone_messages_within;
        if let Err(error) = self.store.forget_old_counts(within, self.now()).await {
            tracing::warn!(%error, "old counts could not be removed yet");
        }
        let idle = self.config.console.session_idle;
        if let Err(error) = self.store.forget_sessions(idle, self.now()).await {
            tracing::warn!(%error, "sessions that are over could not be removed yet");
        }
    }
}
