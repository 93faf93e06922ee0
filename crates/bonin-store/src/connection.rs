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
    Any, AnyConnection, AnyPool, Either, Error, Execute, Executor, SqlStr, Transaction,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
};

use tracing::instrument;

use crate::{
    StoreError,
    group::{GroupWriter, Member},
    observer::{TRACE_TARGET, Watch},
    pools::Pools,
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

impl Kind {
    fn connection(&mut self) -> Result<&mut AnyConnection, Error> {
        match self {
            Self::Own(tx) => Ok(tx),
            Self::Shared(member) => member.connection(),
        }
    }
}

impl Tx {
    /// Begins one that commits by itself.
    pub(crate) async fn begin(
        pool: &AnyPool,
        statement: SqlStr,
        patience: Patience,
        watch: Watch,
    ) -> Result<Self, StoreError> {
        let inner = Kind::Own(patience.wait(pool.begin_with(statement)).await?);
        Ok(Self(InTransaction {
            inner,
            patience,
            watch,
        }))
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

    /// Makes it durable: when this returns, it is on disk.
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
            Kind::Shared(member) => member.rollback().await,
        }
        Ok(())
    }

    /// Its connection, for statements that may take as long as they do.
    pub(crate) fn without_limit(&mut self) -> Result<&mut AnyConnection, StoreError> {
        self.0.patience.longest = None;
        Ok(self.0.inner.connection()?)
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
pub(crate) struct Reader {
    pool: AnyPool,
    patience: Patience,
}

impl Reader {
    pub(crate) fn new(pool: AnyPool, patience: Patience) -> Self {
        Self { pool, patience }
    }
}

type Row = Either<AnyQueryResult, AnyRow>;

/// All that a statement gives, as the stream that sqlx wants. Nobody here reads rows one by one.
fn streamed<'e>(
    rows: impl Future<Output = Result<Vec<Row>, Error>> + Send + 'e,
) -> BoxStream<'e, Result<Row, Error>> {
    rows.map(|rows| match rows {
        Ok(rows) => stream::iter(rows.into_iter().map(Ok)).left_stream(),
        Err(error) => stream::iter([Err(error)]).right_stream(),
    })
    .flatten_stream()
    .boxed()
}

impl<'c> Executor<'c> for &'c mut InTransaction {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Row, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let InTransaction {
            inner, patience, ..
        } = self;
        streamed(async move {
            let connection = inner.connection()?;
            let rows = connection.fetch_many(query).try_collect();
            patience.wait(rows).await
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
            let connection = inner.connection()?;
            patience.wait(connection.fetch_optional(query)).await
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        let InTransaction {
            inner, patience, ..
        } = self;
        async move {
            let connection = inner.connection()?;
            patience
                .wait(connection.prepare_with(sql, parameters))
                .await
        }
        .boxed()
    }
}

impl<'c> Executor<'c> for Reader {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Row, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        streamed(async move {
            let mut connection = self.pool.acquire().await?;
            let rows = connection.fetch_many(query).try_collect();
            self.patience.wait(rows).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        async move {
            let mut connection = self.pool.acquire().await?;
            self.patience.wait(connection.fetch_optional(query)).await
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        async move {
            let mut connection = self.pool.acquire().await?;
            self.patience
                .wait(connection.prepare_with(sql, parameters))
                .await
        }
        .boxed()
    }
}
