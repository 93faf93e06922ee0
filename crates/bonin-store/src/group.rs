//! SQLite's one writer, shared by many transactions that end in one commit.
//!
//! SQLite has one writer at a time, and each commit waits for the disk. So whoever has written does not commit while others
//! wait: what was written becomes part of a batch (a savepoint, released), the connection is handed on, and the writer queues
//! up again. When its turn comes, all who were waiting before have written too, and one commit makes all of it durable. Only
//! then is anybody told. With nobody waiting the turn comes at once, and the batch is the writer's own.
//!
//! A transaction that is given up is undone to its savepoint, and the others in the batch go on. A commit that fails fails for
//! all of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Any, AnyConnection, AnyPool, Error, Executor, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::{dialect::Dialect, observer::Watch};

/// The writer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct GroupWriter {
    pool: AnyPool,
    turn: Arc<Mutex<Turn>>,
    patience: Duration,
    watch: Watch,
}

/// What whoever writes has in hand.
#[derive(Debug, Default)]
struct Turn {
    batch: Option<Batch>,
}

/// Transactions that are written and not yet on disk.
#[derive(Debug)]
struct Batch {
    tx: Transaction<'static, Any>,
    written: Vec<oneshot::Sender<bool>>,
}

/// One transaction of a batch. Dropped, it is undone.
#[derive(Debug)]
pub(crate) struct Member {
    /// Taken when it ends.
    turn: Option<OwnedMutexGuard<Turn>>,
    /// Whether there is a savepoint to go back to. Without one nothing was written.
    saved: bool,
    writer: GroupWriter,
}

fn lost() -> Error {
    Error::Io(std::io::Error::other(
        "the commit that this was a part of failed",
    ))
}

impl GroupWriter {
    /// Over a pool of one connection. Waits for its turn so long at the most.
    pub(crate) fn new(pool: AnyPool, patience: Duration, watch: Watch) -> Self {
        Self {
            pool,
            turn: Arc::default(),
            patience,
            watch,
        }
    }

    /// Begins a transaction, once those who wait already have had their turns.
    pub(crate) async fn begin(&self) -> Result<Member, Error> {
        let turn = tokio::time::timeout(self.patience, self.turn.clone().lock_owned());
        let turn = turn.await.map_err(|_| Error::PoolTimedOut)?;
        let mut member = Member {
            turn: Some(turn),
            saved: false,
            writer: self.clone(),
        };
        let turn = member.turn()?;
        if turn.batch.is_none() {
            let begin = Dialect::SQLITE_BEGIN;
            turn.batch = Some(Batch {
                tx: self.pool.begin_with(begin).await?,
                written: Vec::new(),
            });
        }
        member.connection()?.execute("SAVEPOINT member").await?;
        member.saved = true;
        Ok(member)
    }
}

impl Turn {
    /// Makes the batch durable and tells everybody.
    async fn commit(&mut self, watch: &Watch) {
        let Some(Batch { tx, written }) = self.batch.take() else {
            return;
        };
        let began = Instant::now();
        let committed = tx.commit().await;
        match &committed {
            Ok(()) => watch.committed(began.elapsed(), written.len()),
            Err(error) => tracing::error!(%error, transactions = written.len(), "a commit failed"),
        }
        tell(written, committed.is_ok());
    }

    /// Gives the batch up: nothing of it is on disk.
    async fn lose(&mut self) {
        let Some(Batch { tx, written }) = self.batch.take() else {
            return;
        };
        if let Err(error) = tx.rollback().await {
            tracing::debug!(%error, "there was nothing left to roll back");
        }
        tell(written, false);
    }

    /// Undoes what the transaction at hand has written.
    async fn undo(&mut self, saved: bool) {
        let Some(batch) = &mut self.batch else { return };
        if saved {
            let undone = batch.tx.execute("ROLLBACK TO member; RELEASE member").await;
            if let Err(error) = undone {
                // The database gave up all of it: a full disk does that.
                tracing::error!(%error, "a batch of transactions is lost");
                self.lose().await;
                return;
            }
        }
        if batch.written.is_empty() {
            self.lose().await;
        }
    }
}

fn tell(written: Vec<oneshot::Sender<bool>>, is_on_disk: bool) {
    for told in written {
        // Whoever hung up is not told.
        told.send(is_on_disk).ok();
    }
}

impl Member {
    fn turn(&mut self) -> Result<&mut Turn, Error> {
        self.turn.as_deref_mut().ok_or(Error::WorkerCrashed)
    }

    /// What its statements run on.
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, Error> {
        let batch = self.turn()?.batch.as_mut().ok_or(Error::WorkerCrashed)?;
        Ok(&mut batch.tx)
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

    /// Undoes it.
    pub(crate) async fn rollback(mut self) {
        if let Some(mut turn) = self.turn.take() {
            let saved = self.saved;
            let undoing = tokio::spawn(async move { turn.undo(saved).await });
            undoing.await.ok();
        }
    }
}

impl GroupWriter {
    async fn commit(&self, mut turn: OwnedMutexGuard<Turn>) -> Result<(), Error> {
        let batch = turn.batch.as_mut().ok_or(Error::WorkerCrashed)?;
        if let Err(error) = batch.tx.execute("RELEASE member").await {
            turn.lose().await;
            return Err(error);
        }
        let (told, mut on_disk) = oneshot::channel();
        batch.written.push(told);
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
        let Some(mut turn) = self.turn.take() else {
            return;
        };
        let saved = self.saved;
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { turn.undo(saved).await })),
            // Nobody is left to undo it, and a connection may not be given back without a runtime. Whoever holds the turn
            // next must not write on top of it: it ends with the process, not committed.
            Err(_) => std::mem::forget(turn.batch.take().map(|batch| batch.tx)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        str::FromStr,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use sqlx::{
        Connection, Row,
        any::{AnyConnectOptions, AnyPoolOptions},
    };

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
            let url = format!("sqlite://{}/t.db?mode=rwc", folder.path().display());
            let pool = AnyPoolOptions::new()
                .max_connections(1)
                .after_connect(move |connection, _| {
                    Box::pin(async move {
                        let limit = format!("PRAGMA max_page_count = {pages}");
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute(sqlx::AssertSqlSafe(limit)).await?;
                        let table =
                            "CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY, filler TEXT)";
                        connection.execute(table).await?;
                        Ok(())
                    })
                })
                .connect_with(AnyConnectOptions::from_str(&url).unwrap())
                .await
                .unwrap();
            let watch = Watch::default();
            let count = Arc::new(Count::default());
            watch.tell(count.clone());
            let writer = GroupWriter::new(pool, Duration::from_secs(20), watch);
            Self {
                folder,
                writer,
                count,
            }
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
        sqlx::query("INSERT INTO t (id, filler) VALUES ($1, $2)")
            .bind(id)
            .bind("x".repeat(filler))
            .execute(member.connection()?)
            .await?;
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
                        member.rollback().await;
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
        let more = write(&table.writer, 1, 1).await;
        assert_eq!(table.ids().await.contains(&1), more.is_ok());
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
