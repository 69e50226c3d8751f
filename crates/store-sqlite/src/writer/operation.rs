//! What the writer runs: operations, and the transaction as they see it.

use async_trait::async_trait;
use runtime_core::StoreError;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tokio::sync::oneshot;

use crate::error::{Shared, unavailable};

/// One write, as it is run by the writer.
pub(crate) trait Operation: Send + 'static {
    /// What it gives back.
    type Answer: Send + 'static;
    /// What it does, to follow *cannot* in errors.
    const ATTEMPT: &'static str;

    /// Does it. It opens the savepoint `operation` with its first statement. When it succeeds, the savepoint is released;
    /// when it fails, it is still open, and the writer undoes what was done since.
    fn run(
        self,
        transaction: &mut Transaction<'_>,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

/// The transaction of a group, for its operations.
#[derive(Debug)]
pub(crate) struct Transaction<'c> {
    connection: &'c mut SqliteConnection,
    mark: &'c mut i64,
}

impl<'c> Transaction<'c> {
    pub(super) fn new(connection: &'c mut SqliteConnection, mark: &'c mut i64) -> Self {
        Self { connection, mark }
    }

    /// The next place in the order of changes. A mark whose write fails is not given again.
    pub(crate) fn next_mark(&mut self) -> i64 {
        *self.mark = self.mark.saturating_add(1);
        *self.mark
    }

    /// Runs a query, which may consist of several statements, to its end.
    pub(crate) async fn rows(
        &mut self,
        query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        query.fetch_all(&mut *self.connection).await
    }

    /// Undoes what was done since the savepoint, which stays.
    pub(crate) async fn rewind(&mut self) -> Result<(), sqlx::Error> {
        self.rows(sqlx::query("ROLLBACK TO operation"))
            .await
            .map(drop)
    }

    /// Gives the savepoint up and keeps what was done since.
    pub(crate) async fn release(&mut self) -> Result<(), sqlx::Error> {
        self.rows(sqlx::query("RELEASE operation")).await.map(drop)
    }
}

/// A [`Call`] of any operation.
#[async_trait]
pub(super) trait Job: Send {
    /// Runs it; the answer waits for the end of the transaction.
    async fn run(self: Box<Self>, transaction: &mut Transaction<'_>) -> Settled;
    /// Answers that its group failed before it ran.
    fn give_up(self: Box<Self>, failure: &Shared);
}

/// Answers an operation, once it is known whether its transaction was committed.
pub(super) type Answer = Box<dyn FnOnce(Result<(), &Shared>) + Send>;

/// An operation that has run.
pub(super) struct Settled {
    /// Whether it succeeded; else what it did is to be undone.
    pub(super) kept: bool,
    pub(super) answer: Answer,
}

/// An operation and the one who waits for its answer.
pub(super) struct Call<O: Operation> {
    operation: O,
    reply: oneshot::Sender<Result<O::Answer, StoreError>>,
}

impl<O: Operation> Call<O> {
    pub(super) fn new(operation: O, reply: oneshot::Sender<Result<O::Answer, StoreError>>) -> Self {
        Self { operation, reply }
    }
}

#[async_trait]
impl<O: Operation> Job for Call<O> {
    async fn run(self: Box<Self>, transaction: &mut Transaction<'_>) -> Settled {
        let Self { operation, reply } = *self;
        let result = operation.run(transaction).await;
        Settled {
            kept: result.is_ok(),
            answer: Box::new(move |committed| {
                answer(
                    reply,
                    match committed {
                        Ok(()) => result,
                        Err(failure) => result.and(Err(failure.unavailable(O::ATTEMPT))),
                    },
                );
            }),
        }
    }

    fn give_up(self: Box<Self>, failure: &Shared) {
        answer(self.reply, Err(failure.unavailable(O::ATTEMPT)));
    }
}

/// Whoever asked may have gone away; the write stands nevertheless.
fn answer<T>(reply: oneshot::Sender<T>, result: T) {
    if reply.send(result).is_err() {
        tracing::debug!("nobody waits for the answer of a write any more");
    }
}

/// A failed statement of the operation `O`.
pub(crate) fn failed<O: Operation>(error: sqlx::Error) -> StoreError {
    unavailable(O::ATTEMPT, error)
}
