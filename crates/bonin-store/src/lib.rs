//! Bonin's database: queries, migrations, sealed fields.
