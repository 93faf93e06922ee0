//! `bonin migrate`: the schema of a database, and from SQLite into PostgreSQL.

use bonin_core::Rules;
use bonin_store::{AuditHead, AuditProblem, Copied, Store};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::{
    admin::print_line, database::DatabaseArgs, database_url::DatabaseUrl, failure::Failure,
};

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Copy this SQLite database into an empty PostgreSQL one, with the same keys, and check the copy. Stop `bonin serve` first.
    #[arg(long, value_name = "URL")]
    from: Option<DatabaseUrl>,
    /// Copy into this PostgreSQL database. Without it: into --database.
    #[arg(long, value_name = "URL", requires = "from")]
    to: Option<DatabaseUrl>,
}

pub(crate) async fn run(mut args: MigrateArgs) -> Result<(), Failure> {
    match args.from.take() {
        Some(from) => {
            args.database.database = args.to.or(args.database.database);
            copy(from, args.database).await
        }
        None => bring_up(&args.database).await,
    }
}

async fn bring_up(database: &DatabaseArgs) -> Result<(), Failure> {
    if let Some((folder, store)) = database.first_start(Rules::default()).await? {
        store.close().await;
        return print_line(&format!(
            "Made a new database and its key in {}. Keep a copy of the key apart from the database.",
            folder.display()
        ));
    }
    let store = database.connect(Rules::default(), true).await?;
    store.migrate(Timestamp::now()).await?;
    store.close().await;
    print_line("The schema is up to date.")
}

async fn copy(from: DatabaseUrl, into: DatabaseArgs) -> Result<(), Failure> {
    if !from.is_sqlite() {
        return Err(Failure::new(
            "--from must be a SQLite database, such as sqlite:///var/lib/bonin/bonin.db",
        ));
    }
    if !into.database.as_ref().is_some_and(DatabaseUrl::is_postgres) {
        return Err(Failure::new(
            "--to must be a PostgreSQL database, such as postgres://bonin@db.example.com/bonin",
        ));
    }
    let address = from.complete(None)?;
    let source = into.instead(from).open(Rules::default()).await;
    let source = source.map_err(Failure::while_doing("--from"))?;
    let before = audit(&source).await?;
    // Whoever copies has it alone.
    source.close().await;
    let target = into.connect(Rules::default(), true).await?;
    let copied = copy_with_bar(&target, address.expose()).await?;
    target.check(Timestamp::now()).await?;
    let after = audit(&target).await?;
    target.close().await;
    if after != before {
        return Err(Failure::new(
            "everything was copied, but the audit's chain reads otherwise than before; do not use the copy, and tell Bonin's makers",
        ));
    }
    let Copied { tables, rows } = copied;
    let audit = match after {
        Ok(_) => "The keys fit, and the audit's chain is whole.".to_owned(),
        Err(problem) => format!(
            "The keys fit. The audit's chain was not whole before, and is not now: {problem}."
        ),
    };
    print_line(&format!(
        "Copied {rows} rows of {tables} tables, and read each of them back: they are the same. {audit}"
    ))
}

async fn audit(store: &Store) -> Result<Result<AuditHead, AuditProblem>, Failure> {
    Ok(store.verify_audit(None).await?)
}

async fn copy_with_bar(target: &Store, source: &str) -> Result<Copied, Failure> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(
        "{bar:40} {percent:>3}%  {pos}/{len} rows written and read back  {eta} left",
    ) {
        bar.set_style(style);
    }
    let copied = target
        .copy_from(source, |copying| {
            bar.set_length(copying.total);
            bar.set_position(copying.done);
        })
        .await;
    bar.finish_and_clear();
    copied.map_err(|error| Failure::new(error.to_string()))
}
