//! What there is to copy, read from the source itself: a table that a later version adds is not forgotten.

use std::collections::BTreeSet;

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::StoreError;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bytes,
}

#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The tables whose rows must be there first.
    refers_to: BTreeSet<String>,
}

impl Table {
    pub(super) fn column_names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        names.join(", ")
    }
}

/// Every table of a SQLite database, each after those that it refers to. What the driver keeps of migrations is not ours to copy.
pub(super) async fn read(source: &mut AnyConnection) -> Result<Vec<Table>, StoreError> {
    let names = sqlx::query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT LIKE '\\_sqlx\\_%' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&mut *source)
    .await?;
    let mut tables = Vec::with_capacity(names.len());
    for row in &names {
        tables.push(read_table(source, row.try_get(0)?).await?);
    }
    in_order(tables)
}

async fn read_table(source: &mut AnyConnection, name: String) -> Result<Table, StoreError> {
    let columns = format!("SELECT name, type FROM pragma_table_info('{name}') ORDER BY cid");
    let columns = sqlx::query(AssertSqlSafe(columns))
        .fetch_all(&mut *source)
        .await?
        .iter()
        .map(|row| {
            let kind = match row.try_get::<String, _>(1)?.as_str() {
                "TEXT" => Kind::Text,
                "BIGINT" => Kind::Number,
                "BLOB" => Kind::Bytes,
                _ => return Err(StoreError::UnknownValue("a column's type")),
            };
            Ok(Column {
                name: row.try_get(0)?,
                kind,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let refers_to = format!("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list('{name}')");
    let refers_to = sqlx::query(AssertSqlSafe(refers_to))
        .fetch_all(&mut *source)
        .await?
        .iter()
        .map(|row| row.try_get::<String, _>(0))
        .collect::<Result<BTreeSet<_>, _>>()?;
    Ok(Table {
        name,
        columns,
        refers_to,
    })
}

fn in_order(mut waiting: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let next = waiting.iter().position(|table| {
            let is_there = |name: &String| ordered.iter().any(|before| before.name == *name);
            table
                .refers_to
                .iter()
                .all(|name| *name == table.name || is_there(name))
        });
        let Some(next) = next else {
            return Err(StoreError::UnknownValue("the order of the tables"));
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

/// Both have the same tables and columns, in whatever order.
pub(super) async fn compare(
    target: &mut AnyConnection,
    tables: &[Table],
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT table_name::text, column_name::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx\\_%'",
    )
    .fetch_all(target)
    .await?;
    let there = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<BTreeSet<(String, String)>, StoreError>>()?;
    let wanted = tables
        .iter()
        .flat_map(|table| {
            let column = |column: &Column| (table.name.clone(), column.name.clone());
            table.columns.iter().map(column)
        })
        .collect();
    if there == wanted {
        Ok(())
    } else {
        Err(StoreError::SchemaBehind)
    }
}
