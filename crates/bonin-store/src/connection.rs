//! Statements, each bounded in time.
//!
//! PostgreSQL ends a statement that takes too long, and says so. Where nothing is heard even then, the server is gone without
//! a word: its machine lost its power, or a firewall forgot the connection. The statement fails, so that a caller is answered,
//! and the pool is replaced: the other connections in it lead to the same nowhere.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream,
};
use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Either, Error, Execute, Executor, SqlStr,
    Transaction,
    any::{AnyRow, AnyStatement, AnyTypeInfo},
};

use tracing::instrument;

use crate::{
    StoreError,
    group::{GroupWriter, Member},
    observer::{TRACE_TARGET, Watch},
    pools::Pools,
    sqlite::{Asked, Given, SqliteReaders},
};

/// How long to wait for an answer, and what to do when none comes.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    longest: Option<Duration>,
    pools: Pools,
    /// Which pool the connection is of.
    generation: u64,
}

impl Patience {
    pub(crate) fn new(longest: Option<Duration>, pools: Pools, generation: u64) -> Self {
        Self {
            longest,
            pools,
            generation,
        }
    }

    /// Runs a statement on a connection of sqlx's.
    async fn all<'q>(
        &self,
        connection: &mut AnyConnection,
        query: impl Execute<'q, Any> + 'q,
    ) -> Result<Vec<Given>, Error> {
        self.wait(connection.fetch_many(query).try_collect()).await
    }

    async fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let Some(longest) = self.longest else {
            return work.await;
        };
        match tokio::time::timeout(longest, work).await {
            Ok(done) => done,
            Err(_) => {
                self.pools.replace(self.generation);
                Err(Error::Io(std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    "the database does not answer",
                )))
            }
        }
    }
}

/// A transaction. Dropped, it is rolled back.
#[derive(Debug)]
pub(crate) struct Tx(InTransaction);

/// What a transaction's statements run on.
#[derive(Debug)]
pub(crate) struct InTransaction {
    inner: Kind,
    patience: Patience,
    watch: Watch,
}

#[derive(Debug)]
enum Kind {
    /// It commits by itself.
    Own(Transaction<'static, Any>),
    /// It commits together with others.
    Shared(Member),
}

impl Tx {
    /// Begins one that commits by itself, with these statements after its `BEGIN`. Whoever hangs up meanwhile does not cut it
    /// off: a connection on which a transaction began and nobody knows of it must not go back to the pool.
    pub(crate) async fn begin(
        pool: AnyPool,
        begin: &'static str,
        first: Vec<String>,
        patience: Patience,
        watch: Watch,
    ) -> Result<Self, StoreError> {
        let beginning = tokio::spawn(async move {
            let mut tx = patience.wait(pool.begin_with(begin)).await?;
            for statement in first {
                // What fails here is rolled back with the transaction.
                let statement = sqlx::query(AssertSqlSafe(statement));
                patience.all(&mut tx, statement).await?;
            }
            Ok(Self(InTransaction {
                inner: Kind::Own(tx),
                patience,
                watch,
            }))
        });
        beginning.await.map_err(|_| Error::WorkerCrashed)?
    }

    /// Begins one that commits together with others.
    pub(crate) async fn join(
        writer: &GroupWriter,
        patience: Patience,
        watch: Watch,
    ) -> Result<Self, StoreError> {
        let inner = Kind::Shared(writer.begin().await?);
        Ok(Self(InTransaction {
            inner,
            patience,
            watch,
        }))
    }

    /// Whoever watches.
    pub(crate) fn watch(&self) -> &Watch {
        &self.0.watch
    }

    /// Makes it durable: when this returns, it is on disk, and so is all that it has read. Whoever finds that everything is as
    /// it should be already ends with this, too.
    #[instrument(target = TRACE_TARGET, level = "debug", skip_all, fields(otel.kind = "client"))]
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let InTransaction {
            inner,
            patience,
            watch,
        } = self.0;
        match inner {
            Kind::Own(tx) => {
                let began = Instant::now();
                patience.wait(tx.commit()).await?;
                watch.committed(began.elapsed(), 1);
            }
            // Whoever commits for all of them tells of it.
            Kind::Shared(member) => member.commit().await?,
        }
        Ok(())
    }

    /// Gives it up.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        let InTransaction {
            inner, patience, ..
        } = self.0;
        match inner {
            Kind::Own(tx) => patience.wait(tx.rollback()).await?,
            Kind::Shared(member) => drop(member),
        }
        Ok(())
    }

    /// Its connection, for statements that may take as long as they do. On SQLite there is none for transactions that write.
    pub(crate) fn without_limit(&mut self) -> Result<&mut AnyConnection, StoreError> {
        self.0.patience.longest = None;
        match &mut self.0.inner {
            Kind::Own(tx) => Ok(tx),
            Kind::Shared(_) => Err(StoreError::UnknownDatabase),
        }
    }
}

impl std::ops::Deref for Tx {
    type Target = InTransaction;

    fn deref(&self) -> &InTransaction {
        &self.0
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut InTransaction {
        &mut self.0
    }
}

/// Whichever connection is free, for one statement that reads.
#[derive(Debug)]
pub(crate) enum Reader {
    /// PostgreSQL's.
    Pool(AnyPool, Patience),
    /// SQLite's, on the thread that asks.
    Sqlite(SqliteReaders),
}

/// All that a statement gives, as the stream that sqlx wants. Nobody here reads rows one by one.
fn streamed<'e>(
    given: impl Future<Output = Result<Vec<Given>, Error>> + Send + 'e,
) -> BoxStream<'e, Result<Given, Error>> {
    given
        .map(|given| match given {
            Ok(given) => stream::iter(given.into_iter().map(Ok)).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        })
        .flatten_stream()
        .boxed()
}

fn first_row(given: Vec<Given>) -> Option<AnyRow> {
    given.into_iter().find_map(Either::right)
}

fn nothing_is_prepared<'e>() -> BoxFuture<'e, Result<AnyStatement, Error>> {
    let why = "statements are prepared where they run";
    std::future::ready(Err(Error::Protocol(why.to_owned()))).boxed()
}

impl<'c> Executor<'c> for &'c mut InTransaction {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Given, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let InTransaction {
            inner, patience, ..
        } = self;
        streamed(async move {
            match inner {
                Kind::Own(tx) => patience.all(tx, query).await,
                Kind::Shared(member) => member.run(query),
            }
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let InTransaction {
            inner, patience, ..
        } = self;
        async move {
            match inner {
                Kind::Own(tx) => patience.wait(tx.fetch_optional(query)).await,
                Kind::Shared(member) => Ok(first_row(member.run(query)?)),
            }
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        _: SqlStr,
        _: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        nothing_is_prepared()
    }
}

impl<'c> Executor<'c> for Reader {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Given, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        streamed(async move {
            match self {
                Self::Pool(pool, patience) => {
                    let mut connection = pool.acquire().await?;
                    patience.all(&mut connection, query).await
                }
                Self::Sqlite(readers) => readers.run(Asked::of(query)?).await,
            }
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        async move {
            match self {
                Self::Pool(pool, patience) => {
                    let mut connection = pool.acquire().await?;
                    patience.wait(connection.fetch_optional(query)).await
                }
                Self::Sqlite(readers) => Ok(first_row(readers.run(Asked::of(query)?).await?)),
            }
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        _: SqlStr,
        _: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        nothing_is_prepared()
    }
}
