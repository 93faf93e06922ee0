//! A verification's blind indexes, made anew under the active key.

use bonin_core::{IdentityVerificationId, StoreId};
use sqlx::{Row, any::AnyRow};

use super::{VerificationKey, locked::save_indexes, read::SHOWN, seal::Indexes};
use crate::{Store, StoreError, connection::Tx};

const KEPT: &str = "SELECT index_key, name_index, phone_index, birth_year_index, birth_month_index, birth_day_index, \
    gender_index, ci_index, di_index FROM identity_verification WHERE store_id = $1 AND id = $2";

impl Indexes {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.try_get("name_index")?,
            phone: row.try_get("phone_index")?,
            birth_year: row.try_get("birth_year_index")?,
            birth_month: row.try_get("birth_month_index")?,
            birth_day: row.try_get("birth_day_index")?,
            gender: row.try_get("gender_index")?,
            ci: row.try_get("ci_index")?,
            di: row.try_get("di_index")?,
        })
    }
}

impl Store {
    /// Indexes a verification by whoever it shows: the person verified, else the person asked for. `false` where that is how
    /// it was indexed, under the active key; its number alone would not tell whether all values are of it.
    pub(crate) async fn reindex_one(
        &self,
        tx: &mut Tx,
        store: &str,
        id: &str,
    ) -> Result<bool, StoreError> {
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
        let active = i64::from(self.keyring.active_id());
        let kept = sqlx::query(KEPT)
            .bind(store.to_owned())
            .bind(id.to_owned())
            .fetch_one(&mut **tx)
            .await?;
        if kept.try_get::<Option<i64>, _>("index_key")? == Some(active)
            && indexes == Indexes::of(&kept)?
        {
            return Ok(false);
        }
        save_indexes(tx, &key, active, indexes).await?;
        Ok(true)
    }
}
