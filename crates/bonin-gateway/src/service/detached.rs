//! Work that a caller who hangs up must not cancel.

use std::{future::Future, time::Duration};

use bonin_store::StoreError;
use tracing::Instrument;

use super::{Error, FOR_THE_RECORD, Service};

impl Service {
    /// Runs the work in a task of its own and waits for it, for as long as it may take while nothing is away. If the caller
    /// goes away or is told to come back, the work goes on, and a stopping process waits for it.
    pub(super) async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let longest = self.providers.longest_send() + FOR_THE_RECORD;
        let working = self.under_way.spawn(work.in_current_span());
        let Ok(done) = tokio::time::timeout(longest, working).await else {
            tracing::warn!("a caller is told to come back: what was begun is not on disk yet");
            return Err(Error::Unavailable);
        };
        match done {
            Ok(result) => {
                // What the database counts is refused in here; what this process counts was told where it is counted.
                if let Err(Error::TooMany(reached)) = &result {
                    self.metrics.limits.reached(reached.limit);
                }
                result
            }
            Err(error) => {
                // Its own text would quote the panic's message, which may quote a person.
                let panicked = error.is_panic();
                tracing::error!(panicked, "a task came to a bad end");
                Err(Error::Unavailable)
            }
        }
    }

    /// Records what the provider said, again and again while something is in the way that may pass, until it is on disk. Once the process
    /// is stopping, for as long as the drain limit; only then is the outcome unknown.
    pub(super) async fn until_durable<T, F>(&self, record: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = Duration::from_millis(50);
        let gave_up = async {
            self.stopping.cancelled().await;
            tokio::time::sleep(self.config.drain_limit).await;
        };
        tokio::pin!(gave_up);
        loop {
            let error = match record().await {
                Ok(recorded) => return Ok(recorded),
                Err(error) if error.may_pass() => error,
                Err(error) => return Err(error.into()),
            };
            tracing::warn!(%error, "an outcome could not be recorded yet");
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(2)),
                () = &mut gave_up => {
                    tracing::error!("an outcome could not be recorded before the process had to stop");
                    return Err(Error::Unavailable);
                }
            }
        }
    }
}
