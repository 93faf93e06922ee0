//! Stores.

use bonin_core::StoreId;
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use super::exists;
use crate::{Store, StoreError, time::micros};

/// Whether a store serves people or tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Serves people. Refuses TEST channels unless that was switched on.
    Live,
    /// For development.
    Test,
}

impl StoreKind {
    /// As the database and the API spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Test => "TEST",
        }
    }

    pub(super) fn parse(value: &str) -> Result<Self, StoreError> {
        match value {
            "LIVE" => Ok(Self::Live),
            "TEST" => Ok(Self::Test),
            _ => Err(StoreError::UnknownValue("store.kind")),
        }
    }
}

/// A store, made or to be made.
#[derive(Debug, Clone)]
pub struct NewStore {
    /// Its id.
    pub id: StoreId,
    /// What people call it.
    pub name: String,
    /// LIVE or TEST.
    pub kind: StoreKind,
    /// Whether a LIVE store takes TEST channels.
    pub allow_test_channels: bool,
    /// What browsers may do with it. A LIVE store must name it; a TEST store need not.
    pub browser: BrowserRules,
}

/// A store.
pub type StoreRow = NewStore;

/// From where pages may call, and where people may be sent back to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrowserRules {
    /// Origins, as browsers spell them: `https://shop.example.com`.
    pub origins: Vec<String>,
    /// Hosts, with the port where it is not the scheme's own: `shop.example.com`.
    pub redirect_hosts: Vec<String>,
    /// Schemes of apps: `myapp`.
    pub redirect_schemes: Vec<String>,
}

fn joined(list: &[String]) -> String {
    list.join("\n")
}

fn split(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

const COLUMNS: &str =
    "id, name, kind, allow_test_channels, browser_origins, redirect_hosts, redirect_schemes";

fn read(row: &AnyRow) -> Result<StoreRow, StoreError> {
    Ok(StoreRow {
        id: StoreId::parse(row.try_get::<String, _>("id")?)
            .map_err(|_| StoreError::UnknownValue("store.id"))?,
        name: row.try_get("name")?,
        kind: StoreKind::parse(&row.try_get::<String, _>("kind")?)?,
        allow_test_channels: row.try_get::<i64, _>("allow_test_channels")? != 0,
        browser: BrowserRules {
            origins: split(&row.try_get::<String, _>("browser_origins")?),
            redirect_hosts: split(&row.try_get::<String, _>("redirect_hosts")?),
            redirect_schemes: split(&row.try_get::<String, _>("redirect_schemes")?),
        },
    })
}

impl Store {
    /// Makes a store.
    pub async fn create_store(&self, store: &NewStore, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        sqlx::query(
            "INSERT INTO store (id, name, kind, allow_test_channels, created_at, browser_origins, redirect_hosts, \
             redirect_schemes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(store.id.as_str())
        .bind(&store.name)
        .bind(store.kind.as_str())
        .bind(i64::from(store.allow_test_channels))
        .bind(micros(now))
        .bind(joined(&store.browser.origins))
        .bind(joined(&store.browser.redirect_hosts))
        .bind(joined(&store.browser.redirect_schemes))
        .execute(&mut *tx)
        .await
        .map_err(exists("this store"))?;
        tx.commit().await?;
        Ok(())
    }

    /// All stores, oldest first.
    pub async fn stores(&self) -> Result<Vec<StoreRow>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM store ORDER BY created_at, id"
        )))
        .fetch_all(self.database.reader())
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// One store.
    pub async fn store(&self, id: &StoreId) -> Result<Option<StoreRow>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM store WHERE id = $1"
        )))
        .bind(id.as_str())
        .fetch_optional(self.database.reader())
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }
}
