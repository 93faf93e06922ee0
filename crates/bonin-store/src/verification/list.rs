//! The list: filters, sorting, pages.

use bonin_core::{Gender, IdentityVerificationId, Operator, Redacted, Status, StoreId, TxId, Way};
use jiff::Timestamp;
use sqlx::{Any, Row, query::Query};
use tracing::instrument;

use super::{VerificationKey, VerificationRecord, read::SHOWN, rows, seal::field};
use crate::{
    Store, StoreError, connection::Tx, keyring::IndexScope, observer::TRACE_TARGET, time::micros,
};

/// What the list is sorted by, and what its time range is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortField {
    /// When the shown try was asked for.
    #[default]
    RequestedAt,
    /// When it was verified.
    VerifiedAt,
    /// When it failed.
    FailedAt,
    /// When its status last changed.
    StatusChangedAt,
}

impl SortField {
    fn column(self) -> &'static str {
        match self {
            Self::RequestedAt => "v.requested_at",
            Self::VerifiedAt => "v.verified_at",
            Self::FailedAt => "v.failed_at",
            Self::StatusChangedAt => "v.status_changed_at",
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// The newest first.
    #[default]
    Descending,
    /// The oldest first.
    Ascending,
}

/// From when until when, both ends included.
#[derive(Debug, Clone, Copy)]
pub struct TimeRange {
    /// Of which time.
    pub field: SortField,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// What is known of the customer. What was asked for counts while not verified, and what was verified after.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    /// The name, in full.
    pub name: Option<Redacted>,
    /// The phone.
    pub phone: Option<Redacted>,
    /// Four digits.
    pub birth_year: Option<Redacted>,
    /// Two digits.
    pub birth_month: Option<Redacted>,
    /// Two digits.
    pub birth_day: Option<Redacted>,
    /// The sex.
    pub gender: Option<Gender>,
}

/// A page of verifications. Empty lists filter nothing.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Of which stores.
    pub stores: Vec<StoreId>,
    /// When.
    pub range: TimeRange,
    /// This id.
    pub id: Option<IdentityVerificationId>,
    /// With this try.
    pub tx_id: Option<TxId>,
    /// On a TEST or a LIVE channel.
    pub is_test: Option<bool>,
    /// In one of these states.
    pub statuses: Vec<Status>,
    /// With this id at the provider.
    pub pg_tx_id: Option<String>,
    /// Of this merchant.
    pub pg_merchant_id: Option<String>,
    /// Of one of these providers.
    pub pg_providers: Option<Vec<String>>,
    /// Of one of these operators.
    pub operators: Vec<Operator>,
    /// With a shown try that proves the person in one of these ways.
    pub ways: Vec<Way>,
    /// Of this customer.
    pub customer: CustomerFilter,
    /// Sorted by.
    pub sort: SortField,
    /// In which order.
    pub order: SortOrder,
    /// How many to pass over.
    pub skip: i64,
    /// How many at the most.
    pub size: i64,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// What is on it.
    pub items: Vec<VerificationRecord>,
    /// How many match in all.
    pub total: i64,
}

/// What counts, and what reads a page; both take the values of the conditions, and the page its size and how many to pass over.
struct Statements {
    conditions: Conditions,
    count: String,
    page: String,
}

enum Value {
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
}

/// Conditions and their values, numbered as they come.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn value(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn one_of(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let places: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
        // No value at all matches nothing: `IN ()` is not portable.
        self.sql.push(if places.is_empty() {
            "1 = 0".into()
        } else {
            format!("{column} IN ({})", places.join(", "))
        });
    }

    fn compare(&mut self, column: &str, operator: &str, value: Value) {
        let place = self.value(value);
        self.sql.push(format!("{column} {operator} {place}"));
    }

    fn text(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.compare(column, "=", Value::Text(value.to_owned()));
        }
    }

    fn bind<'q>(
        &self,
        mut query: Query<'q, Any, <Any as sqlx::Database>::Arguments>,
    ) -> Query<'q, Any, <Any as sqlx::Database>::Arguments> {
        for value in &self.values {
            query = match value {
                Value::Text(text) => query.bind(text.clone()),
                Value::Number(number) => query.bind(*number),
                Value::Bytes(bytes) => query.bind(bytes.clone()),
            };
        }
        query
    }
}

/// The table, as all statements here call it.
const VERIFICATIONS: &str = "identity_verification v";

/// The index by which the fewest are to be looked at, where that is not the one by time or by key.
fn best_index(query: &ListQuery) -> Option<&'static str> {
    let customer = &query.customer;
    let by_time = query.range.field == SortField::RequestedAt && query.sort == query.range.field;
    let rare_status = !query.statuses.is_empty() && !query.statuses.contains(&Status::Verified);
    if query.id.is_some() || query.tx_id.is_some() {
        None
    } else if query.pg_tx_id.is_some() {
        Some("verification_by_pg_tx")
    } else if customer.phone.is_some() {
        Some("verification_by_phone")
    } else if customer.name.is_some() {
        Some("verification_by_name")
    } else if customer.birth_month.is_some() && customer.birth_day.is_some() {
        Some("verification_by_birthday")
    } else if customer.birth_year.is_some() {
        Some("verification_by_year")
    } else if !by_time {
        // What follows may match much, and would have to be sorted.
        None
    } else if rare_status {
        Some("verification_by_status")
    } else if query.pg_merchant_id.is_some() {
        Some("verification_by_merchant")
    } else if query.operators.len() == 1 {
        Some("verification_by_operator")
    } else if query.is_test.is_some() {
        Some("verification_by_kind")
    } else {
        None
    }
}

impl Store {
    /// A page of the list, and how many match in all.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        // One snapshot: the keys that are in use, and the rows that are indexed with them.
        let mut tx = self.snapshot().await?;
        let Some(statements) = self.statements(&mut tx, query).await? else {
            return Ok(Page {
                items: Vec::new(),
                total: 0,
            });
        };
        let conditions = &statements.conditions;
        // Not kept prepared: PostgreSQL plans each for the values that it has. Which index is right depends on them.
        let total: i64 = conditions
            .bind(sqlx::query(sqlx::AssertSqlSafe(statements.count)))
            .persistent(false)
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        if total == 0 || query.skip >= total {
            return Ok(Page {
                items: Vec::new(),
                total,
            });
        }
        let items = conditions
            .bind(sqlx::query(sqlx::AssertSqlSafe(statements.page)))
            .persistent(false)
            .bind(query.size)
            .bind(query.skip)
            .fetch_all(&mut *tx)
            .await?
            .iter()
            .map(|row| self.read_verification(row))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page { items, total })
    }

    /// How the database would count and read a page, in its own words. For the tests, which look at plans as
    /// they are with a million rows.
    pub async fn explain_list(&self, query: &ListQuery) -> Result<Vec<String>, StoreError> {
        let mut tx = self.snapshot().await?;
        let Some(statements) = self.statements(&mut tx, query).await? else {
            return Ok(Vec::new());
        };
        let conditions = &statements.conditions;
        let (explain, column) = self.database.dialect().explain();
        let ask = |sql: &str| sqlx::AssertSqlSafe(format!("{explain} {sql}"));
        let count = conditions.bind(sqlx::query(ask(&statements.count)));
        let page = conditions.bind(sqlx::query(ask(&statements.page)));
        let mut lines = Vec::new();
        for asked in [count, page.bind(query.size).bind(query.skip)] {
            let asked = asked.persistent(false);
            for row in asked.fetch_all(&mut *tx).await? {
                lines.push(row.try_get::<String, _>(column)?);
            }
        }
        Ok(lines)
    }

    /// `None` where nothing can match.
    async fn statements(
        &self,
        tx: &mut Tx,
        query: &ListQuery,
    ) -> Result<Option<Statements>, StoreError> {
        let of_try = match &query.tx_id {
            None => None,
            Some(tx_id) => match Self::verification_of(tx, tx_id).await? {
                None => return Ok(None),
                found => found,
            },
        };
        let conditions = self.conditions(query, of_try.as_ref());
        let filter = conditions.sql.join(" AND ");
        let direction = match query.order {
            SortOrder::Descending => "DESC",
            SortOrder::Ascending => "ASC",
        };
        // What the range is of is never null; saying so would keep PostgreSQL from reading the index backwards.
        let nulls = if query.sort == query.range.field {
            ""
        } else {
            "NULLS LAST"
        };
        let by = self.database.dialect().indexed_by(best_index(query));
        let shown = SHOWN.replacen(VERIFICATIONS, &format!("{VERIFICATIONS}{by}"), 1);
        let (limit, offset) = (conditions.values.len() + 1, conditions.values.len() + 2);
        Ok(Some(Statements {
            count: format!("SELECT COUNT(*) FROM {VERIFICATIONS}{by} WHERE {filter}"),
            page: format!(
                "{shown} WHERE {filter} ORDER BY {} {direction} {nulls}, v.id {direction} LIMIT ${limit} OFFSET ${offset}",
                query.sort.column()
            ),
            conditions,
        }))
    }

    /// Which verification a try is of, found by the try's own key before the list is searched.
    async fn verification_of(
        tx: &mut Tx,
        tx_id: &TxId,
    ) -> Result<Option<VerificationKey>, StoreError> {
        let row = sqlx::query("SELECT store_id, verification_id FROM attempt WHERE tx_id = $1")
            .bind(tx_id.as_str())
            .fetch_optional(&mut **tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let unknown = |_| StoreError::UnknownValue("attempt");
        Ok(Some(VerificationKey {
            store: StoreId::parse(row.try_get::<String, _>(0)?).map_err(unknown)?,
            id: IdentityVerificationId::parse(row.try_get::<String, _>(1)?).map_err(unknown)?,
        }))
    }

    fn conditions(&self, query: &ListQuery, of_try: Option<&VerificationKey>) -> Conditions {
        let mut conditions = Conditions::default();
        let text = |value: &str| Value::Text(value.to_owned());
        conditions.one_of(
            "v.store_id",
            query.stores.iter().map(|store| text(store.as_str())),
        );
        let time = query.range.field.column();
        conditions.compare(time, ">=", Value::Number(micros(query.range.from)));
        conditions.compare(time, "<=", Value::Number(micros(query.range.until)));
        conditions.text(
            "v.id",
            query.id.as_ref().map(IdentityVerificationId::as_str),
        );
        if let Some(of_try) = of_try {
            conditions.text("v.store_id", Some(of_try.store.as_str()));
            conditions.text("v.id", Some(of_try.id.as_str()));
        }
        if let Some(is_test) = query.is_test {
            conditions.compare("v.is_test", "=", Value::Number(i64::from(is_test)));
        }
        if !query.statuses.is_empty() {
            let names = query.statuses.iter().map(|s| text(rows::status_name(*s)));
            conditions.one_of("v.status", names);
        }
        conditions.text("v.pg_tx_id", query.pg_tx_id.as_deref());
        conditions.text("v.pg_merchant_id", query.pg_merchant_id.as_deref());
        if let Some(providers) = &query.pg_providers {
            conditions.one_of("v.pg_provider", providers.iter().map(|name| text(name)));
        }
        if !query.operators.is_empty() {
            let names = query.operators.iter().map(|o| text(o.as_str()));
            conditions.one_of("v.operator", names);
        }
        if !query.ways.is_empty() {
            let names = query.ways.iter().map(|way| text(rows::way_name(*way)));
            conditions.one_of(
                "(SELECT w.way FROM attempt w WHERE w.tx_id = v.shown_tx_id)",
                names,
            );
        }
        self.customer_conditions(query, &mut conditions);
        conditions
    }

    /// Blind indexes are keyed by store and key version, so a value has one index for each pair of them.
    fn customer_conditions(&self, query: &ListQuery, conditions: &mut Conditions) {
        let customer = &query.customer;
        let text = |value: &Option<Redacted>| value.clone();
        let gender = customer.gender.map(|gender| Redacted::new(gender.as_str()));
        let asked = [
            ("v.name_index", field::NAME, text(&customer.name)),
            ("v.phone_index", field::PHONE, text(&customer.phone)),
            (
                "v.birth_year_index",
                field::BIRTH_YEAR,
                text(&customer.birth_year),
            ),
            (
                "v.birth_month_index",
                field::BIRTH_MONTH,
                text(&customer.birth_month),
            ),
            (
                "v.birth_day_index",
                field::BIRTH_DAY,
                text(&customer.birth_day),
            ),
            ("v.gender_index", field::GENDER, gender),
        ];
        for (column, field, value) in asked {
            let Some(value) = value else { continue };
            let indexes = query.stores.iter().flat_map(|store| {
                let scope = IndexScope {
                    store: Some(store),
                    field,
                };
                self.keyring.indexes(&scope, value.expose())
            });
            conditions.one_of(column, indexes.map(Value::Bytes).collect::<Vec<_>>());
        }
    }
}
