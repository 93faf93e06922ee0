//! Rows, and what tells whether two tables hold the same ones.

use aws_lc_rs::digest::{Context, SHA256};
use sqlx::{Any, Database, Row, any::AnyRow, query::Query};

use super::schema::{Kind, Table};

/// What stands in a column.
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl Value {
    /// Nothing is bound as nothing of the column's own type.
    pub(super) fn bind<'q>(
        &self,
        query: Query<'q, Any, <Any as Database>::Arguments>,
    ) -> Query<'q, Any, <Any as Database>::Arguments> {
        match self {
            Self::Text(text) => query.bind(text.clone()),
            Self::Number(number) => query.bind(*number),
            Self::Bytes(bytes) => query.bind(bytes.clone()),
        }
    }

    /// Each value is preceded by its length, so that nothing can move from one to the next.
    fn digest(&self, context: &mut Context) {
        let number;
        let bytes = match self {
            Self::Text(text) => text.as_deref().map(str::as_bytes),
            Self::Bytes(bytes) => bytes.as_deref(),
            Self::Number(value) => {
                number = value.map(i64::to_be_bytes);
                number.as_ref().map(<[u8; 8]>::as_slice)
            }
        };
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        context.update(&length.to_be_bytes());
        context.update(bytes.unwrap_or_default());
    }
}

/// The values of a row, in the order of the table's columns.
pub(super) fn read(table: &Table, row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(at, column)| {
            Ok(match column.kind {
                Kind::Text => Value::Text(row.try_get(at)?),
                Kind::Number => Value::Number(row.try_get(at)?),
                Kind::Bytes => Value::Bytes(row.try_get(at)?),
            })
        })
        .collect()
}

/// How many rows, and the sum of their SHA-256: the same for the same rows, in whatever order they come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub rows: u64,
    sum: [u64; 4],
}

impl Digest {
    pub(super) fn add(&mut self, row: &[Value]) {
        let mut context = Context::new(&SHA256);
        for value in row {
            value.digest(&mut context);
        }
        self.rows += 1;
        let hash = context.finish();
        for (sum, part) in self.sum.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            let part = part
                .iter()
                .fold(0, |part, byte| part << 8 | u64::from(*byte));
            *sum = sum.wrapping_add(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[&[Value]]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    fn text(text: &str) -> Value {
        Value::Text(Some(text.to_owned()))
    }

    #[test]
    fn the_same_rows_have_the_same_digest_in_any_order_and_others_have_another() {
        let one = [text("a"), Value::Number(Some(1))];
        let other = [text("b"), Value::Bytes(Some(vec![0, 255]))];
        let both = digest(&[&one, &other]);
        assert_eq!(both, digest(&[&other, &one]));
        assert_ne!(both, digest(&[&one]));
        assert_ne!(both, digest(&[&one, &one]));
        assert_ne!(digest(&[&one, &one]), digest(&[&other, &other]));
    }

    #[test]
    fn nothing_moves_from_one_value_to_the_next() {
        assert_ne!(
            digest(&[&[text("ab"), text("c")]]),
            digest(&[&[text("a"), text("bc")]])
        );
        assert_ne!(
            digest(&[&[text(""), Value::Text(None)]]),
            digest(&[&[Value::Text(None), text("")]])
        );
    }
}
