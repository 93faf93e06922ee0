//! Sealing anew what is sealed with older keys.

use bonin_core::{Redacted, StoreId};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use crate::{
    Actor, Store, StoreError,
    connection::Tx,
    sealed::{Place, key_of},
    verification,
};

/// How many rows one transaction takes: others write in between.
const BATCH: i64 = 100;

/// A table with sealed columns.
struct Table {
    name: &'static str,
    key: Key,
    columns: &'static [&'static str],
}

/// What its rows are found by, which is also what is sealed in with their fields.
enum Key {
    Text(&'static str),
    Number(&'static str),
}

const TABLES: [Table; 7] = [
    Table {
        name: "channel",
        key: Key::Text("id"),
        columns: &[
            "hub_certificate",
            "hub_private_key",
            "hub_private_key_password",
            "window_enc_key",
        ],
    },
    Table {
        name: "console_user",
        key: Key::Text("id"),
        columns: &["password_hash", "totp_secret"],
    },
    Table {
        name: "console_session",
        key: Key::Text("id"),
        columns: &["totp_pending"],
    },
    Table {
        name: "webhook_endpoint",
        key: Key::Text("id"),
        columns: &["url", "secret", "previous_secret"],
    },
    Table {
        name: "audit_chain",
        key: Key::Number("id"),
        columns: &["hmac_key"],
    },
    Table {
        name: "audit",
        key: Key::Number("seq"),
        columns: &["reason"],
    },
    Table {
        name: "attempt",
        key: Key::Text("tx_id"),
        columns: &verification::SEALED,
    },
];

/// How far a round has come.
#[derive(Debug, Clone, Default)]
pub struct Resealing {
    stage: usize,
    after: After,
    /// Rows looked at.
    pub looked_at: u64,
    /// Rows sealed anew.
    pub resealed: u64,
    /// Rows there are, as counted when the round began.
    pub total: u64,
    /// Keys that nothing is sealed with any more, once that is certain.
    pub retired: Option<Vec<u32>>,
}

/// Where the last batch ended.
#[derive(Debug, Clone, Default)]
struct After {
    text: String,
    second: String,
    number: i64,
}

impl Store {
    /// Begins a round: counts what there is to look at.
    pub async fn begin_resealing(&self) -> Result<Resealing, StoreError> {
        let mut total: i64 = 0;
        let tables = TABLES.iter().map(|table| table.name);
        for table in tables.chain(["identity_verification", "phone_message"]) {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            total += sqlx::query(sqlx::AssertSqlSafe(sql))
                .fetch_one(self.database.searcher())
                .await?
                .try_get::<i64, _>(0)?;
        }
        Ok(Resealing {
            total: u64::try_from(total).unwrap_or_default(),
            ..Resealing::default()
        })
    }

    /// Takes the next batch of a round. `true` once everything has been looked at. A round that found something is followed
    /// by another; one that found nothing retires the older keys.
    pub async fn reseal(
        &self,
        round: &mut Resealing,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let active = self.keyring.active_id();
        let done = match TABLES.get(round.stage) {
            Some(table) => self.reseal_table(&mut tx, table, round).await?,
            None if round.stage == TABLES.len() => self.reindex(&mut tx, round).await?,
            None => self.recount(&mut tx, round).await?,
        };
        tx.commit().await?;
        if !done {
            return Ok(false);
        }
        round.stage += 1;
        round.after = After::default();
        if round.stage <= TABLES.len() + 1 {
            return Ok(false);
        }
        if round.resealed == 0 {
            round.retired = Some(self.retire_older_keys(active, by, now).await?);
        }
        Ok(true)
    }

    async fn reseal_table(
        &self,
        tx: &mut Tx,
        table: &Table,
        round: &mut Resealing,
    ) -> Result<bool, StoreError> {
        let (key, more) = match table.key {
            Key::Text(key) | Key::Number(key) => {
                let more = if table.name == "attempt" {
                    ", store_id, phone_index"
                } else {
                    ""
                };
                (key, more)
            }
        };
        let sql = format!(
            "SELECT {key}, {}{more} FROM {} WHERE {key} > $1 ORDER BY {key} LIMIT {BATCH}{}",
            table.columns.join(", "),
            table.name,
            self.database.dialect().for_update()
        );
        if table.name == "attempt" {
            self.lock_verifications_of_tries(tx, &round.after.text)
                .await?;
        }
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = match table.key {
            Key::Text(_) => query.bind(round.after.text.clone()),
            Key::Number(_) => query.bind(round.after.number),
        };
        let rows = query.fetch_all(&mut **tx).await?;
        for row in &rows {
            let id = match table.key {
                Key::Text(key) => {
                    round.after.text = row.try_get(key)?;
                    round.after.text.clone()
                }
                Key::Number(key) => {
                    round.after.number = row.try_get(key)?;
                    round.after.number.to_string()
                }
            };
            round.looked_at += 1;
            if self.reseal_row(tx, table, row, &id).await? {
                round.resealed += 1;
            }
        }
        Ok((rows.len() as i64) < BATCH)
    }

    /// Whoever changes a try locks its verification first; so does this, for a batch of tries, in an order of its own kind, so
    /// that no two wait for each other.
    async fn lock_verifications_of_tries(
        &self,
        tx: &mut Tx,
        after: &str,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT 1 FROM identity_verification WHERE (store_id, id) IN (SELECT store_id, verification_id FROM \
             (SELECT store_id, verification_id FROM attempt WHERE tx_id > $1 ORDER BY tx_id LIMIT {BATCH}) AS batch) \
             ORDER BY store_id, id{}",
            self.database.dialect().for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after.to_owned())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Seals one row's fields anew, those that are sealed with an older key.
    async fn reseal_row(
        &self,
        tx: &mut Tx,
        table: &Table,
        row: &AnyRow,
        id: &str,
    ) -> Result<bool, StoreError> {
        let active = self.keyring.active_id();
        let mut changed: Vec<(&str, Vec<u8>)> = Vec::new();
        for column in table.columns {
            let Some(sealed) = row.try_get::<Option<Vec<u8>>, _>(*column)? else {
                continue;
            };
            let is_new = key_of(&sealed) == Some(active);
            let is_indexed = table.name == "attempt" && *column == "requested_phone";
            if is_new && !is_indexed {
                continue;
            }
            let place = Place {
                table: table.name,
                column,
                row: id,
            };
            let opened = self.keyring.open(place, &sealed)?;
            if is_indexed {
                // Nothing in the index says which key it is of.
                let store = StoreId::parse(row.try_get::<String, _>("store_id")?)
                    .map_err(|_| StoreError::UnknownValue("attempt"))?;
                let index = self.keyring.index_of_phone(&store, opened.expose());
                if row.try_get::<Option<Vec<u8>>, _>("phone_index")?.as_ref() != Some(&index) {
                    changed.push(("phone_index", index));
                }
            }
            if is_new {
                continue;
            }
            changed.push((column, self.keyring.seal(place, opened.expose())?));
        }
        if changed.is_empty() {
            return Ok(false);
        }
        let sets: Vec<String> = changed
            .iter()
            .enumerate()
            .map(|(number, (column, _))| format!("{column} = ${}", number + 2))
            .collect();
        let (key, numeric) = match table.key {
            Key::Text(key) => (key, false),
            Key::Number(key) => (key, true),
        };
        let sql = format!(
            "UPDATE {} SET {} WHERE {key} = $1",
            table.name,
            sets.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        query = if numeric {
            query.bind(id.parse::<i64>().unwrap_or_default())
        } else {
            query.bind(id.to_owned())
        };
        for (_, sealed) in changed {
            query = query.bind(sealed);
        }
        query.execute(&mut **tx).await?;
        Ok(true)
    }

    /// Rewrites the list's blind indexes.
    async fn reindex(&self, tx: &mut Tx, round: &mut Resealing) -> Result<bool, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT store_id, id, index_key FROM identity_verification WHERE (store_id, id) > ($1, $2) \
             ORDER BY store_id, id LIMIT {BATCH}{}",
            self.database.dialect().for_update()
        )))
        .bind(round.after.text.clone())
        .bind(round.after.second.clone())
        .fetch_all(&mut **tx)
        .await?;
        for row in &rows {
            round.after.text = row.try_get("store_id")?;
            round.after.second = row.try_get("id")?;
            round.looked_at += 1;
            let key: Option<i64> = row.try_get("index_key")?;
            if key.is_none() {
                continue;
            }
            if self
                .reindex_one(tx, &round.after.text, &round.after.second)
                .await?
            {
                round.resealed += 1;
            }
        }
        Ok((rows.len() as i64) < BATCH)
    }

    /// Rewrites the counts of messages to phones: those of the last hour or so.
    async fn recount(&self, tx: &mut Tx, round: &mut Resealing) -> Result<bool, StoreError> {
        let rows = sqlx::query(
            "SELECT m.tx_id, m.phone_index, a.requested_phone FROM phone_message m LEFT JOIN attempt a ON a.tx_id = m.tx_id \
             ORDER BY m.tx_id",
        )
        .fetch_all(&mut **tx)
        .await?;
        for row in &rows {
            round.looked_at += 1;
            let tx_id: String = row.try_get(0)?;
            let phone = row
                .try_get::<Option<Vec<u8>>, _>(2)?
                .map(|sealed| {
                    let place = Place {
                        table: "attempt",
                        column: "requested_phone",
                        row: &tx_id,
                    };
                    self.keyring.open(place, &sealed)
                })
                .transpose()?;
            let index = phone
                .as_ref()
                .map(Redacted::expose)
                .map(|phone| self.keyring.index_of_message(phone));
            if index.as_ref() == Some(&row.try_get::<Vec<u8>, _>(1)?) {
                continue;
            }
            round.resealed += 1;
            let query = match index {
                Some(index) => {
                    sqlx::query("UPDATE phone_message SET phone_index = $2 WHERE tx_id = $1")
                        .bind(tx_id)
                        .bind(index)
                }
                // Nobody knows any more whose it was.
                None => sqlx::query("DELETE FROM phone_message WHERE tx_id = $1").bind(tx_id),
            };
            query.execute(&mut **tx).await?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_binary_column_is_sealed_anew_or_is_a_hash_a_mac_or_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new_in(folder.path()).await;
        let rows = sqlx::query(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND c.type = 'BLOB' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
        )
        .fetch_all(store.database.reader())
        .await
        .unwrap();
        assert!(rows.len() > 30, "{}", rows.len());
        for row in &rows {
            let (table, column): (String, String) = (row.get(0), row.get(1));
            let plain = ["hash", "mac", "head_mac", "head_proof", "check_value"]
                .contains(&column.as_str())
                || column.ends_with("_index");
            let sealed = TABLES
                .iter()
                .any(|known| known.name == table && known.columns.contains(&column.as_str()));
            assert!(plain != sealed, "{table}.{column}");
        }
    }
}
