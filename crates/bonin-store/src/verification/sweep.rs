//! Tries whose time is over, ended; counts that no longer count, removed.

use bonin_core::{Command, IdentityVerificationId, StoreId};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, any::AnyRow};

use super::{VerificationKey, locked::Locked};
use crate::{Store, StoreError, time::micros};

const DUE: &str = "SELECT store_id, verification_id FROM attempt \
    WHERE state IN ('BEGUN', 'OPEN') AND way <> 'WINDOW' AND live_until <= $1 \
    AND (claim_until IS NULL OR claim_until <= $1) ORDER BY live_until LIMIT $2";

impl Store {
    /// Ends tries whose time is over: those open too long expire, those whose outcome was never recorded fail as unknown.
    /// Windows are left to [`Store::due_windows`]: the provider is asked about them first. Takes at most `limit` verifications and says how many it ended tries of. Many instances may sweep at once.
    pub async fn sweep(&self, limit: u32, now: Timestamp) -> Result<u32, StoreError> {
        let due = sqlx::query(DUE)
            .bind(micros(now))
            .bind(i64::from(limit))
            .fetch_all(self.database.reader())
            .await?;
        let mut ended = 0;
        for row in &due {
            // A row that cannot be read must not keep the others from being ended.
            match self.sweep_one(row, now).await {
                Ok(true) => ended += 1,
                Ok(false) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => tracing::error!(%error, "a try whose time is over cannot be ended"),
            }
        }
        Ok(ended)
    }

    async fn sweep_one(&self, row: &AnyRow, now: Timestamp) -> Result<bool, StoreError> {
        let unknown = |_| StoreError::UnknownValue("attempt");
        let key = VerificationKey {
            store: StoreId::parse(row.try_get::<String, _>(0)?).map_err(unknown)?,
            id: IdentityVerificationId::parse(row.try_get::<String, _>(1)?).map_err(unknown)?,
        };
        let tx = self.write().await?;
        let Some(mut locked) = Locked::load(&self.outbox, tx, &key, now).await? else {
            return Ok(false);
        };
        locked
            .decide(&Command::Sweep, &self.rules)
            .map_err(|_| StoreError::UnknownValue("attempt"))?;
        if locked.events().is_empty() {
            return Ok(false);
        }
        locked.save(&[], None, None).await?;
        locked.commit().await?;
        Ok(true)
    }

    /// Removes counts of messages older than the limit looks back, and refresh tokens that have ended.
    pub async fn forget_old_counts(
        &self,
        within: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let since = now.checked_sub(within).unwrap_or(Timestamp::MIN);
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM phone_message WHERE sent_at <= $1")
            .bind(micros(since))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM refresh_token WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sweep_reads_tries_that_are_under_way_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {DUE}")))
            .bind(0i64)
            .bind(1i64)
            .fetch_all(store.database.reader())
            .await
            .unwrap();
        let plan: Vec<String> = plan
            .iter()
            .map(|row| row.try_get("detail").unwrap())
            .collect();
        assert!(plan[0].contains("attempt_in_flight"), "{plan:?}");
    }
}
