//! When to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::supervisor;

/// The two steps in which a gateway stops.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// The signal came: whoever asks is told to ask others, while requests that come are still answered.
    pub(crate) leaving: CancellationToken,
    /// No new connections: what is under way is finished.
    pub(crate) now: CancellationToken,
}

impl Stop {
    /// Begins at SIGTERM or Ctrl-C, and goes on after `delay`, or at a second signal.
    pub(crate) fn on_signal(delay: Duration) -> Self {
        let stop = Self {
            leaving: CancellationToken::new(),
            now: CancellationToken::new(),
        };
        let Self { leaving, now } = stop.clone();
        tokio::spawn(async move {
            wait().await;
            supervisor::stopping();
            if !delay.is_zero() {
                tracing::info!(
                    ?delay,
                    "leaving: readiness fails from now on, requests are still answered"
                );
                leaving.cancel();
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = wait() => {}
                }
            }
            tracing::info!("stopping: no new work, what is under way is finished");
            leaving.cancel();
            now.cancel();
        });
        stop
    }
}

/// A token that is cancelled by SIGTERM or Ctrl-C.
pub(crate) fn on_signal() -> CancellationToken {
    Stop::on_signal(Duration::ZERO).now
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be waited for");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn wait() {
    let _ = tokio::signal::ctrl_c().await;
}
