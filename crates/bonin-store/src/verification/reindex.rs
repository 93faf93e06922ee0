//! A verification's blind indexes, made anew under the active key.

use bonin_core::{IdentityVerificationId, StoreId};
use sqlx::{Any, Transaction};

use super::{VerificationKey, locked::save_indexes, read::SHOWN};
use crate::{Store, StoreError};

impl Store {
    /// Indexes a verification by whoever it shows: the person verified, else the person asked for.
    pub(crate) async fn reindex_one(
        &self,
        tx: &mut Transaction<'static, Any>,
        store: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        let unknown = |_| StoreError::UnknownValue("identity_verification");
        let key = VerificationKey {
            store: StoreId::parse(store).map_err(unknown)?,
            id: IdentityVerificationId::parse(id).map_err(unknown)?,
        };
        let sql = format!("{SHOWN} WHERE v.store_id = $1 AND v.id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(store.to_owned())
            .bind(id.to_owned())
            .fetch_one(&mut **tx)
            .await?;
        let record = self.read_verification(&row)?;
        let indexes = match &record.verified {
            Some(person) => self.keyring.index_person(&key.store, person),
            None => self.keyring.index_customer(&key.store, &record.requested),
        };
        save_indexes(tx, &key, i64::from(self.keyring.active_id()), indexes).await
    }
}
