//! Stores.

use bonin_core::StoreId;
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

use serde_json::{Map, Value, json};
use tracing::instrument;

use super::exists;
use crate::{Act, Actor, Store, StoreError, observer::TRACE_TARGET, time::micros};

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
    /// Its own limits.
    pub limits: StoreLimits,
    /// After how many days personal data is erased. `None`: not by itself.
    pub retention_days: Option<u32>,
}

/// What a store allows at most, within what the operator's configuration allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreLimits {
    /// Messages to one phone, in the time that the configuration says.
    pub phone_messages: Option<u32>,
    /// Tries begun within 24 hours: each may cost money at the provider.
    pub daily_tries: Option<u32>,
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

const COLUMNS: &str = "id, name, kind, allow_test_channels, browser_origins, redirect_hosts, redirect_schemes, \
    limit_phone_messages, limit_daily_tries, retention_days";

fn count(row: &AnyRow, column: &str) -> Result<Option<u32>, StoreError> {
    row.try_get::<Option<i64>, _>(column)?
        .map(u32::try_from)
        .transpose()
        .map_err(|_| StoreError::UnknownValue("a store's limit"))
}

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
        limits: StoreLimits {
            phone_messages: count(row, "limit_phone_messages")?,
            daily_tries: count(row, "limit_daily_tries")?,
        },
        retention_days: count(row, "retention_days")?,
    })
}

/// What the audit tells of a store.
fn told(store: &StoreRow) -> Map<String, Value> {
    [
        ("name", json!(store.name)),
        ("kind", json!(store.kind.as_str())),
        ("allowTestChannels", json!(store.allow_test_channels)),
        ("origins", json!(store.browser.origins)),
        ("redirectHosts", json!(store.browser.redirect_hosts)),
        ("redirectSchemes", json!(store.browser.redirect_schemes)),
        ("phoneMessages", json!(store.limits.phone_messages)),
        ("dailyTries", json!(store.limits.daily_tries)),
        ("retentionDays", json!(store.retention_days)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

impl Store {
    /// Makes a store.
    pub async fn create_store(
        &self,
        store: &NewStore,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        sqlx::query(
            "INSERT INTO store (id, name, kind, allow_test_channels, created_at, browser_origins, redirect_hosts, \
             redirect_schemes, limit_phone_messages, limit_daily_tries, retention_days, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $5)",
        )
        .bind(store.id.as_str())
        .bind(&store.name)
        .bind(store.kind.as_str())
        .bind(i64::from(store.allow_test_channels))
        .bind(micros(now))
        .bind(joined(&store.browser.origins))
        .bind(joined(&store.browser.redirect_hosts))
        .bind(joined(&store.browser.redirect_schemes))
        .bind(store.limits.phone_messages.map(i64::from))
        .bind(store.limits.daily_tries.map(i64::from))
        .bind(store.retention_days.map(i64::from))
        .execute(&mut *tx)
        .await
        .map_err(exists("this store"))?;
        let act = Act::new("store.create").to(&store.id).of(&store.id);
        self.append(&mut tx, by, act.with(Value::Object(told(store))), now)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes all of a store but its id and its kind. The audit tells what changed, from what, to what.
    pub async fn update_store(
        &self,
        store: &StoreRow,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.administer().await?;
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM store WHERE id = $1"
        )))
        .bind(store.id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let before = told(&read(&row.ok_or(StoreError::NotFound("store"))?)?);
        let changes: Map<String, Value> = told(store)
            .into_iter()
            .filter(|(name, value)| name != "kind" && before.get(name) != Some(value))
            .map(|(name, to)| {
                let from = before.get(&name).cloned();
                (name, json!({ "from": from, "to": to }))
            })
            .collect();
        if changes.is_empty() {
            return tx.commit().await;
        }
        sqlx::query(
            "UPDATE store SET name = $2, allow_test_channels = $3, browser_origins = $4, redirect_hosts = $5, \
             redirect_schemes = $6, limit_phone_messages = $7, limit_daily_tries = $8, retention_days = $9, \
             updated_at = $10 WHERE id = $1",
        )
        .bind(store.id.as_str())
        .bind(&store.name)
        .bind(i64::from(store.allow_test_channels))
        .bind(joined(&store.browser.origins))
        .bind(joined(&store.browser.redirect_hosts))
        .bind(joined(&store.browser.redirect_schemes))
        .bind(store.limits.phone_messages.map(i64::from))
        .bind(store.limits.daily_tries.map(i64::from))
        .bind(store.retention_days.map(i64::from))
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let act = Act::new("store.update").to(&store.id).of(&store.id);
        self.append(&mut tx, by, act.with(Value::Object(changes)), now)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// All stores, oldest first.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
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
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
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
