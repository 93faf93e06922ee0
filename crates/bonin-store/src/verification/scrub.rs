//! What was erased from the rows is to be gone from SQLite's write-ahead log, too.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Store, StoreError};

/// Erasures of this process, counted. A flag would not do: one that was cleared too soon is lost with whoever hangs up while
/// the log is truncated, and one that is cleared too late forgets what was erased meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    noted: AtomicU64,
    scrubbed: AtomicU64,
}

impl Erasures {
    /// Something is erased by a transaction that has not ended. Whoever reads the count from here on and truncates the log
    /// does so after that transaction: as long as it is open nobody can.
    pub(super) fn note(&self) {
        self.noted.fetch_add(1, Ordering::AcqRel);
    }

    fn noted(&self) -> u64 {
        self.noted.load(Ordering::Acquire)
    }

    /// The log was truncated, after so many erasures had been noted.
    fn scrubbed(&self, noted: u64) {
        self.scrubbed.fetch_max(noted, Ordering::AcqRel);
    }

    fn are_to_be_scrubbed(&self) -> bool {
        self.scrubbed.load(Ordering::Acquire) < self.noted()
    }
}

impl Store {
    /// Whether something that was erased may still stand in the write-ahead log.
    pub fn is_to_be_scrubbed(&self) -> bool {
        self.erasures.are_to_be_scrubbed()
    }

    /// Makes sure that what was erased is not left in the write-ahead log either. `false` where a reader stands in the way:
    /// it is to be called again, as it is where nobody waits for the end of this.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        let noted = self.erasures.noted();
        let done = self.database.truncate_log().await?;
        if done {
            self.erasures.scrubbed(noted);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_erased_while_the_log_is_truncated_asks_for_another_time() {
        let erasures = Erasures::default();
        assert!(!erasures.are_to_be_scrubbed());
        erasures.note();
        let (first, second) = (erasures.noted(), erasures.noted());
        erasures.note();
        erasures.scrubbed(first);
        assert!(erasures.are_to_be_scrubbed());
        let third = erasures.noted();
        erasures.scrubbed(third);
        // Whoever was slower does not bring back what is done.
        erasures.scrubbed(second);
        assert!(!erasures.are_to_be_scrubbed());
    }

    #[tokio::test]
    async fn a_log_that_nobody_waited_for_is_still_to_be_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        store.erasures.note();
        let busy = store.write().await.unwrap();
        let hung_up = tokio::time::timeout(Duration::from_millis(50), store.scrub()).await;
        assert!(!matches!(hung_up, Ok(Ok(true))), "{hung_up:?}");
        assert!(store.is_to_be_scrubbed());
        busy.rollback().await.unwrap();
        assert!(store.scrub().await.unwrap());
        assert!(!store.is_to_be_scrubbed());
    }
}
