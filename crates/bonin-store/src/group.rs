//! SQLite's one writer, shared by many transactions that end in one commit.
//!
//! SQLite has one writer at a time, and each commit waits for the disk. So whoever has written does not commit while others
//! wait: what was written becomes part of a batch (a savepoint, released), the connection is handed on, and the writer queues
//! up again. When its turn comes, all who were waiting before have written too, and one commit makes all of it durable. Only
//! then is anybody told. With nobody waiting the turn comes at once, and the batch is the writer's own.
//!
//! A transaction that is given up is undone to its savepoint, and the others in the batch go on. A commit that fails fails for
//! all of them.
//!
//! Statements run on the thread that asks (`sqlite.rs` says why). What waits for the disk or for another process does so on a
//! thread of its own.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Any, Error, Execute};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::{
    dialect::Dialect,
    observer::{PoolState, Watch},
    sqlite::{self, Asked, Given, SqliteConnection},
};

/// The writer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct GroupWriter {
    file: Arc<Path>,
    turn: Arc<Mutex<Turn>>,
    patience: Duration,
    watch: Watch,
}

/// What whoever writes has in hand.
#[derive(Debug, Default)]
struct Turn {
    /// Opened when it is first wanted, and again where it was lost.
    connection: Option<SqliteConnection>,
    /// Whoever waits for the commit of what is written and not yet on disk.
    written: Vec<oneshot::Sender<bool>>,
}

/// One transaction of a batch. Dropped, it is undone.
#[derive(Debug)]
pub(crate) struct Member {
    /// Taken when it ends.
    turn: Option<OwnedMutexGuard<Turn>>,
    writer: GroupWriter,
}

fn lost() -> Error {
    Error::Io(std::io::Error::other(
        "the commit that this was a part of failed",
    ))
}

impl GroupWriter {
    /// Over this file. Waits for its turn so long at the most.
    pub(crate) fn new(file: &Path, patience: Duration, watch: Watch) -> Self {
        Self {
            file: file.into(),
            turn: Arc::default(),
            patience,
            watch,
        }
    }

    async fn turn(&self) -> Result<OwnedMutexGuard<Turn>, Error> {
        let turn = tokio::time::timeout(self.patience, self.turn.clone().lock_owned());
        turn.await.map_err(|_| Error::PoolTimedOut)
    }

    /// Begins a transaction, once those who wait already have had their turns.
    pub(crate) async fn begin(&self) -> Result<Member, Error> {
        let mut turn = self.turn().await?;
        let mut connection = self.connection(&mut turn).await?;
        let mut begun = Ok(());
        if !connection.is_in_transaction() {
            // What may have been written before is gone, and must not be taken for a part of what begins here.
            turn.tell(false);
            let begin = Asked::plain(Dialect::SQLITE_BEGIN);
            let given;
            (connection, given) = connection.run_patiently(begin).await?;
            begun = given.map(drop);
        }
        let begun = begun.and_then(|()| connection.tell("SAVEPOINT member"));
        turn.connection = Some(connection);
        if let Err(error) = begun {
            if turn.written.is_empty() {
                turn.lose();
            }
            return Err(error);
        }
        Ok(Member {
            turn: Some(turn),
            writer: self.clone(),
        })
    }

    /// Moves all of the write-ahead log into the database and truncates it. `false` where a reader or another process stands
    /// in the way: it is not waited for, since writers wait for this.
    pub(crate) async fn truncate_log(&self) -> Result<bool, Error> {
        let writer = self.clone();
        // Whoever hangs up meanwhile does not take the connection along.
        let truncating = tokio::spawn(async move { writer.checkpoint().await });
        let given = truncating.await.map_err(|_| Error::WorkerCrashed)??;
        let is_blocked = given
            .into_iter()
            .find_map(|given| given.right())
            .map(|row| sqlx::Row::try_get::<i64, _>(&row, 0));
        Ok(is_blocked.transpose()? == Some(0))
    }

    async fn checkpoint(&self) -> Result<Vec<Given>, Error> {
        let mut turn = self.turn().await?;
        turn.commit(&self.watch).await;
        let mut connection = self.connection(&mut turn).await?;
        let (connection, given) = sqlite::waiting(move || {
            let given = connection.run(&Asked::plain("PRAGMA wal_checkpoint(TRUNCATE)"));
            (connection, given)
        })
        .await?;
        turn.connection = Some(connection);
        given
    }

    /// The connection, to be put back.
    async fn connection(&self, turn: &mut Turn) -> Result<SqliteConnection, Error> {
        match turn.connection.take() {
            Some(connection) => Ok(connection),
            None => SqliteConnection::open_elsewhere(&self.file).await,
        }
    }

    /// Its connection, as a pool of one.
    pub(crate) fn state(&self) -> PoolState {
        PoolState {
            name: "write",
            open: 1,
            idle: u32::from(self.turn.try_lock().is_ok()),
            most: 1,
        }
    }

    /// Closes it, once whoever writes has written. It is opened again where it is wanted again.
    pub(crate) async fn close(&self) {
        let mut turn = self.turn.lock().await;
        turn.commit(&self.watch).await;
        turn.connection = None;
    }
}

impl Turn {
    fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.connection.as_mut().ok_or(Error::WorkerCrashed)
    }

    /// Makes the batch durable and tells everybody.
    async fn commit(&mut self, watch: &Watch) {
        let Some(mut connection) = self.connection.take() else {
            // It was lost with all that was written.
            return self.tell(false);
        };
        if !connection.is_in_transaction() {
            self.connection = Some(connection);
            return self.tell(false);
        }
        // Whatever becomes of this, no later commit speaks for them.
        let written = std::mem::take(&mut self.written);
        let began = Instant::now();
        let waited = sqlite::waiting(move || {
            let committed = connection.tell("COMMIT");
            if connection.is_in_transaction() && connection.tell("ROLLBACK").is_err() {
                return (None, committed);
            }
            (Some(connection), committed)
        })
        .await;
        let committed = match waited {
            Ok((connection, committed)) => {
                self.connection = connection;
                committed
            }
            Err(error) => Err(error),
        };
        match &committed {
            Ok(()) => watch.committed(began.elapsed(), written.len()),
            Err(error) => {
                tracing::error!(%error, transactions = written.len(), "a commit failed");
            }
        }
        tell(written, committed.is_ok());
    }

    /// Gives the batch up: nothing of it is on disk.
    fn lose(&mut self) {
        if let Some(connection) = &mut self.connection
            && connection.is_in_transaction()
            && let Err(error) = connection.tell("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back; its connection is given up");
            self.connection = None;
        }
        self.tell(false);
    }

    /// Undoes what the transaction at hand has written.
    fn undo(&mut self) {
        let Some(connection) = &mut self.connection else {
            return self.lose();
        };
        if self.written.is_empty() {
            return self.lose();
        }
        if let Err(error) = connection.tell("ROLLBACK TO member; RELEASE member") {
            // The database gave up all of it: a full disk does that.
            tracing::error!(%error, "a batch of transactions is lost");
            self.lose();
        }
    }

    fn tell(&mut self, is_on_disk: bool) {
        tell(std::mem::take(&mut self.written), is_on_disk);
    }
}

fn tell(written: Vec<oneshot::Sender<bool>>, is_on_disk: bool) {
    for told in written {
        // Whoever hung up is not told.
        told.send(is_on_disk).ok();
    }
}

impl Member {
    /// Runs a statement in it.
    pub(crate) fn run<'q>(&mut self, query: impl Execute<'q, Any>) -> Result<Vec<Given>, Error> {
        let asked = Asked::of(query)?;
        let turn = self.turn.as_mut().ok_or(Error::WorkerCrashed)?;
        let connection = turn.connection()?;
        // A full disk ends a transaction. What comes after it must not stand alone.
        if !connection.is_in_transaction() {
            return Err(lost());
        }
        connection.run(&asked)
    }

    /// Makes it durable, together with others: when this returns, it is on disk. It happens whether or not somebody waits
    /// for it.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let Some(turn) = self.turn.take() else {
            return Err(Error::WorkerCrashed);
        };
        let writer = self.writer.clone();
        let committing = tokio::spawn(async move { writer.commit(turn).await });
        committing.await.map_err(|_| Error::WorkerCrashed)?
    }
}

impl GroupWriter {
    async fn commit(&self, mut turn: OwnedMutexGuard<Turn>) -> Result<(), Error> {
        if let Err(error) = turn.connection()?.tell("RELEASE member") {
            turn.lose();
            return Err(error);
        }
        let (told, mut on_disk) = oneshot::channel();
        turn.written.push(told);
        drop(turn);
        let is_on_disk = tokio::select! {
            biased;
            told = &mut on_disk => told,
            mut turn = self.turn.lock() => {
                // Nobody else has ended the batch, or it would have been told.
                turn.commit(&self.watch).await;
                drop(turn);
                on_disk.await
            }
        };
        match is_on_disk {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(lost()),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(mut turn) = self.turn.take() {
            turn.undo();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use sqlx::{AnyConnection, Connection, Executor, Row};

    use super::*;
    use crate::Observer;

    #[derive(Debug, Default)]
    struct Count {
        commits: AtomicUsize,
        transactions: AtomicUsize,
    }

    impl Observer for Count {
        fn committed(&self, _: Duration, transactions: usize) {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.transactions.fetch_add(transactions, Ordering::Relaxed);
        }

        fn happened(&self, _: bonin_core::Way, _: &'static str) {}
    }

    struct Table {
        folder: tempfile::TempDir,
        writer: GroupWriter,
        count: Arc<Count>,
    }

    impl Table {
        /// With a file of so many pages at the most.
        async fn new(pages: u32) -> Self {
            sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER])
                .ok();
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("t.db");
            let url = format!("sqlite://{}?mode=rwc", file.display());
            let mut connection = AnyConnection::connect(&url).await.unwrap();
            for statement in [
                "PRAGMA journal_mode = WAL",
                "CREATE TABLE t (id BIGINT PRIMARY KEY, filler TEXT)",
            ] {
                connection.execute(statement).await.unwrap();
            }
            connection.close().await.unwrap();
            let watch = Watch::default();
            let count = Arc::new(Count::default());
            watch.tell(count.clone());
            let table = Self {
                folder,
                writer: GroupWriter::new(&file, Duration::from_secs(20), watch),
                count,
            };
            table.limit(pages).await;
            table
        }

        /// So many pages at the most, from now on.
        async fn limit(&self, pages: u32) {
            let mut member = self.writer.begin().await.unwrap();
            let limit = format!("PRAGMA max_page_count = {pages}");
            member.run(sqlx::AssertSqlSafe(limit)).unwrap();
        }

        /// What is on disk, as somebody else reads it.
        async fn ids(&self) -> Vec<i64> {
            let url = format!("sqlite://{}/t.db", self.folder.path().display());
            let mut connection = AnyConnection::connect(&url).await.unwrap();
            let rows = sqlx::query("SELECT id FROM t ORDER BY id");
            let rows = rows.fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }

        async fn is_free(&self) -> bool {
            let url = format!("sqlite://{}/t.db", self.folder.path().display());
            let mut connection = AnyConnection::connect(&url).await.unwrap();
            connection
                .execute("PRAGMA busy_timeout = 2000")
                .await
                .unwrap();
            let free = connection.execute("BEGIN IMMEDIATE").await.is_ok();
            connection.close().await.unwrap();
            free
        }
    }

    async fn insert(member: &mut Member, id: i64, filler: usize) -> Result<(), Error> {
        let insert = sqlx::query("INSERT INTO t (id, filler) VALUES ($1, $2)");
        member.run(insert.bind(id).bind("x".repeat(filler)))?;
        Ok(())
    }

    async fn write(writer: &GroupWriter, id: i64, filler: usize) -> Result<(), Error> {
        let mut member = writer.begin().await?;
        insert(&mut member, id, filler).await?;
        member.commit().await
    }

    fn all_at_once(
        table: &Table,
        ids: std::ops::Range<i64>,
        filler: usize,
    ) -> Vec<tokio::task::JoinHandle<Result<(), Error>>> {
        let one = |id| {
            let writer = table.writer.clone();
            tokio::spawn(async move { write(&writer, id, filler).await })
        };
        ids.map(one).collect()
    }

    #[tokio::test]
    async fn many_who_write_at_once_share_commits_and_each_is_on_disk_when_told() {
        let table = Table::new(100_000).await;
        for task in all_at_once(&table, 0..200, 10) {
            task.await.unwrap().unwrap();
        }
        assert_eq!(table.ids().await, (0..200).collect::<Vec<_>>());
        let commits = table.count.commits.load(Ordering::Relaxed);
        assert_eq!(table.count.transactions.load(Ordering::Relaxed), 200);
        assert!(commits <= 20, "{commits} commits for 200 transactions");
        assert!(table.is_free().await);
    }

    #[tokio::test]
    async fn whoever_writes_alone_commits_at_once() {
        let table = Table::new(100_000).await;
        for id in 0..5 {
            write(&table.writer, id, 10).await.unwrap();
            assert_eq!(table.ids().await.len() as i64, id + 1);
        }
        assert_eq!(table.count.commits.load(Ordering::Relaxed), 5);
    }

    #[tokio::test]
    async fn what_is_given_up_takes_nothing_of_the_others_along() {
        let table = Table::new(100_000).await;
        let one = |id: i64| {
            let writer = table.writer.clone();
            tokio::spawn(async move {
                let mut member = writer.begin().await?;
                insert(&mut member, id, 10).await?;
                match id % 4 {
                    0 => member.commit().await,
                    1 => {
                        drop(member);
                        Ok(())
                    }
                    // Refused by the database, and dropped.
                    2 => insert(&mut member, id, 10).await,
                    // Its caller hangs up.
                    _ => {
                        drop(member);
                        Ok(())
                    }
                }
            })
        };
        let tasks: Vec<_> = (0..80).map(one).collect();
        for (id, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap().is_err(), id % 4 == 2, "{id}");
        }
        let kept: Vec<i64> = (0..80).filter(|id| id % 4 == 0).collect();
        assert_eq!(table.ids().await, kept);
        assert!(table.is_free().await);
    }

    /// Whoever is told nothing because they hung up may be on disk or not; whoever is told yes is.
    #[tokio::test]
    async fn callers_who_hang_up_anywhere_leave_a_writer_that_works() {
        let table = Table::new(100_000).await;
        for round in 0..40 {
            let first = round * 10;
            let tasks = all_at_once(&table, first..first + 10, 10);
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            let truncated = table.writer.truncate_log();
            let hung_up = tokio::time::timeout(Duration::from_micros(round as u64 * 20), truncated);
            hung_up.await.ok();
            let mut told = Vec::new();
            for (id, task) in (first..).zip(tasks) {
                if id % 3 == 0 {
                    task.abort();
                }
                if let Ok(done) = task.await {
                    done.unwrap();
                    told.push(id);
                }
            }
            let ids = table.ids().await;
            assert!(told.iter().all(|id| ids.contains(id)), "round {round}");
            assert!(told.len() >= 6, "round {round}");
            assert!(table.is_free().await, "round {round}");
        }
    }

    #[tokio::test]
    async fn on_a_full_disk_whoever_is_told_yes_is_on_disk_and_the_others_are_told_no() {
        let table = Table::new(40).await;
        let mut told = Vec::new();
        let mut refused = 0;
        // Ever more at once, until there is no room: SQLite then takes all of a batch back.
        for size in 1..20 {
            let first = size * 100;
            for (id, task) in (first..).zip(all_at_once(&table, first..first + size, 3000)) {
                match task.await.unwrap() {
                    Ok(()) => told.push(id),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 0 && told.len() > 5, "{refused} {}", told.len());
        assert_eq!(table.ids().await, told);
        assert!(table.is_free().await);
        // Once there is room again, all goes on.
        table.limit(100_000).await;
        write(&table.writer, 1, 3000).await.unwrap();
        assert!(table.ids().await.contains(&1));
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_in_time_is_told() {
        let table = Table::new(1000).await;
        let mut impatient = table.writer.clone();
        impatient.patience = Duration::from_millis(50);
        let _busy = table.writer.begin().await.unwrap();
        let late = impatient.begin().await;
        assert!(matches!(late, Err(Error::PoolTimedOut)), "{late:?}");
    }
}
