//! Retention: what is older than its store keeps it is erased.

use std::time::Duration;

use bonin_store::{Store, StoreError};
use jiff::SignedDuration;

use super::Service;

/// How many verifications are erased before others get their turn.
const BATCH: u32 = 100;
/// How often the log is tried to be truncated, and how long readers get in between.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

impl Service {
    /// Erases what is due in every store that has a retention. Many instances may do so at once.
    pub(super) async fn retain(&self) -> Result<(), StoreError> {
        let mut erased_any = false;
        for store in self.store.stores().await? {
            let Some(days) = store.retention_days else {
                continue;
            };
            let retention = SignedDuration::from_hours(i64::from(days) * 24);
            loop {
                let run = self
                    .store
                    .erase_due(&store.id, retention, BATCH, self.now());
                let (erased, more) = run.await?;
                if erased > 0 {
                    erased_any = true;
                    self.metrics.workers.erased(erased);
                    tracing::info!(store = %store.id, erased, days, "erased personal data whose time is over");
                }
                if !more || self.stopping.is_cancelled() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        if erased_any {
            scrub(&self.store).await?;
        }
        Ok(())
    }
}

/// Sees to it that what was erased is not left in the database's log.
pub(crate) async fn scrub(store: &Store) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        if store.scrub().await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(
        "the database's log could not be truncated after an erasure, since someone kept reading; a gateway that runs does so \
         within a minute of their end"
    );
    Ok(())
}
