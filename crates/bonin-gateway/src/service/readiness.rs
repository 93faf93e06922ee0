//! Whether this process can do its work.

use std::time::Duration;

use bonin_store::StoreError;

use super::Service;

/// No check is waited for longer: whoever asks wants to know now.
const LONGEST: Duration = Duration::from_secs(3);

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// All is well.
    Ok,
    /// Something is not.
    Failed,
    /// Nobody knows, since a check before it failed.
    Unknown,
}

impl Check {
    /// As it is told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Each check, and whether the process is about to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database answers.
    pub database: Check,
    /// Its schema is the one that this version needs.
    pub migrations: Check,
    /// Every key that it uses is here.
    pub keys: Check,
    /// The process was told to stop: others should be asked from now on.
    pub leaving: bool,
}

impl Readiness {
    /// Whether requests may come.
    pub fn is_ready(&self) -> bool {
        let checks = [self.database, self.migrations, self.keys];
        !self.leaving && checks.iter().all(|check| *check == Check::Ok)
    }
}

impl Service {
    /// Looks. Why something failed is for the log, not for whoever asks.
    pub async fn readiness(&self) -> Readiness {
        let leaving = self.is_leaving();
        let (database, migrations, keys) = self.checks().await;
        Readiness {
            database,
            migrations,
            keys,
            leaving,
        }
    }

    async fn checks(&self) -> (Check, Check, Check) {
        match within(self.store.ping()).await {
            Some(Ok(())) => {}
            Some(Err(StoreError::SchemaBehind)) => {
                tracing::warn!(
                    "not ready: the database's schema is not the one this version needs"
                );
                return (Check::Ok, Check::Failed, Check::Unknown);
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "not ready: the database does not answer");
                return (Check::Failed, Check::Unknown, Check::Unknown);
            }
            None => {
                tracing::warn!("not ready: the database does not answer in time");
                return (Check::Failed, Check::Unknown, Check::Unknown);
            }
        }
        match within(self.store.learn_keys()).await {
            Some(Ok(())) => (Check::Ok, Check::Ok, Check::Ok),
            Some(Err(error)) if error.is_transient() => {
                tracing::warn!(%error, "not ready: the database does not answer");
                (Check::Failed, Check::Ok, Check::Unknown)
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "not ready: the keys are not the database's");
                (Check::Ok, Check::Ok, Check::Failed)
            }
            // Reading the keys may ask a vault, which may take long.
            None => {
                tracing::warn!("not ready: the keys could not be looked at in time");
                (Check::Ok, Check::Ok, Check::Failed)
            }
        }
    }
}

async fn within<T>(check: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(LONGEST, check).await.ok()
}
