//! The newest time that the database knows: a clock that is behind it was set back.

use jiff::Timestamp;
use sqlx::Row;

use crate::{Store, StoreError, time::timestamp_some};

impl Store {
    /// When something was last written of which the time is kept: an administrative act, or a call to the provider.
    pub async fn newest_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut newest = None;
        for query in [
            "SELECT MAX(at) FROM audit",
            "SELECT MAX(at) FROM event WHERE kind = 'asked_pg'",
        ] {
            let row = sqlx::query(query)
                .fetch_one(self.database.searcher())
                .await?;
            newest = newest.max(timestamp_some(row.try_get(0)?)?);
        }
        Ok(newest)
    }
}
