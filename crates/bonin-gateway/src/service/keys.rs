//! Keys that change while the process runs.

use std::time::Duration;

use bonin_store::{Actor, KeyState, StoreError};

use super::Service;

/// How long others have the database to themselves between two batches.
const PAUSE: Duration = Duration::from_millis(50);

impl Service {
    /// Learns which keys are in use, and goes on with a rotation that has not come to its end: whoever began it may be gone.
    pub(super) async fn follow_keys(&self) -> Result<(), StoreError> {
        self.store.learn_keys().await?;
        let under_way = |keys: Vec<bonin_store::KeyVersion>| {
            keys.iter().any(|key| key.state == KeyState::Opening)
        };
        let by = Actor::system("key rotation");
        while under_way(self.store.keys().await?) {
            let mut round = self.store.begin_resealing().await?;
            while !self.store.reseal(&mut round, &by, self.now()).await? {
                // A rotation may take hours, and a worker that is not heard of for minutes counts as stuck.
                self.metrics.workers.ran("keys", true);
                tokio::select! {
                    () = self.stopping.cancelled() => return Ok(()),
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            if let Some(retired) = round.retired {
                if !retired.is_empty() {
                    tracing::info!(?retired, "nothing is sealed with these keys any more");
                }
                super::scrub(&self.store).await?;
            }
        }
        Ok(())
    }
}
