//! Group commit. One task owns the one connection that writes: it takes every operation that waits, up to
//! [`GROUP`], runs them in one transaction, each behind a savepoint, commits, and only then answers.
//!
//! An operation that fails is undone alone. When the transaction itself fails, every operation of the group is answered
//! with that failure, the connection is replaced, and the next group is tried: a full disk heals once there is space.

mod operation;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use runtime_core::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use operation::{Call, Job, Settled};
pub(crate) use operation::{Operation, Transaction, failed};

use crate::error::{Shared, unanswered};
use crate::lock::FileLock;

/// Operations that one transaction takes at most: the flush is then a small part of the work, and nobody waits long for
/// the others of the group.
const GROUP: usize = 256;

/// What the writer has achieved, for those who read.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    mark: AtomicI64,
    groups: AtomicU64,
}

impl Progress {
    pub(crate) fn starting_at(mark: i64) -> Arc<Self> {
        Arc::new(Self {
            mark: AtomicI64::new(mark),
            groups: AtomicU64::new(0),
        })
    }

    /// The newest mark that is committed. It is set before any of its group is answered.
    pub(crate) fn mark(&self) -> i64 {
        self.mark.load(Ordering::Acquire)
    }

    /// Transactions that were committed.
    pub(crate) fn groups(&self) -> u64 {
        self.groups.load(Ordering::Relaxed)
    }
}

/// Where operations are handed in.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: mpsc::Sender<Box<dyn Job>>,
    patience: Duration,
}

impl Queue {
    /// Hands `operation` in and waits until it is committed or has failed.
    pub(crate) async fn call<O: Operation>(&self, operation: O) -> Result<O::Answer, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let answered = async {
            let call = Box::new(Call::new(operation, reply));
            // Both ends only close when the store does.
            self.jobs
                .send(call)
                .await
                .map_err(|_closed| StoreError::Closed)?;
            outcome.await.map_err(|_closed| StoreError::Closed)?
        };
        match tokio::time::timeout(self.patience, answered).await {
            Ok(result) => result,
            Err(_elapsed) => Err(unanswered(O::ATTEMPT, self.patience)),
        }
    }
}

/// The task that writes.
pub(crate) struct Writer {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    mark: i64,
    progress: Arc<Progress>,
    // The file is ours as long as the writer lives.
    _lock: FileLock,
}

impl Writer {
    /// A writer and the queue that leads to it.
    pub(crate) fn new(
        options: SqliteConnectOptions,
        connection: SqliteConnection,
        progress: Arc<Progress>,
        lock: FileLock,
        queue: usize,
        patience: Duration,
    ) -> (Self, Queue) {
        let (sender, jobs) = mpsc::channel(queue.max(1));
        let writer = Self {
            options,
            connection: Some(connection),
            jobs,
            mark: progress.mark(),
            progress,
            _lock: lock,
        };
        let queue = Queue {
            jobs: sender,
            patience,
        };
        (writer, queue)
    }

    /// Writes until `stop`, and then what still waits.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            // Neither of them loses anything when it is dropped.
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.jobs.is_closed() => self.jobs.close(),
                count = self.jobs.recv_many(&mut group, GROUP) => {
                    if count == 0 {
                        break;
                    }
                    self.write(std::mem::take(&mut group)).await;
                }
            }
        }
        self.disconnect().await;
    }

    /// Writes one group and answers each of it.
    async fn write(&mut self, group: Vec<Box<dyn Job>>) {
        let operations = group.len();
        let mut group = Group {
            waiting: group.into_iter(),
            settled: Vec::with_capacity(operations),
        };
        let result = self.commit(&mut group).await;
        match result {
            Ok(()) => {
                self.progress.mark.store(self.mark, Ordering::Release);
                self.progress.groups.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("store_operations_total", "result" => "committed")
                    .increment(operations as u64);
                metrics::histogram!("store_group_operations").record(operations as f64);
                group.succeed();
            }
            Err(error) => {
                tracing::error!(%error, operations, "a group of writes could not be stored");
                metrics::counter!("store_operations_total", "result" => "failed")
                    .increment(operations as u64);
                // Whatever state the connection is in, closing it undoes the transaction.
                self.disconnect().await;
                group.fail(&Shared::new(error));
            }
        }
    }

    async fn commit(&mut self, group: &mut Group) -> Result<(), sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let connection = self.connection.insert(connection);
        group.commit(connection, &mut self.mark).await
    }

    async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database connection was not closed cleanly");
        }
    }
}

/// Operations that share a transaction.
struct Group {
    waiting: std::vec::IntoIter<Box<dyn Job>>,
    settled: Vec<Settled>,
}

impl Group {
    async fn commit(
        &mut self,
        connection: &mut SqliteConnection,
        mark: &mut i64,
    ) -> Result<(), sqlx::Error> {
        // Not sqlx's own transaction: it would go on counting one that SQLite has rolled back by itself.
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut *connection)
            .await?;
        let mut transaction = Transaction::new(connection, mark);
        for job in self.waiting.by_ref() {
            let settled = job.run(&mut transaction).await;
            let kept = settled.kept;
            self.settled.push(settled);
            if !kept {
                // This fails when SQLite has rolled the whole transaction back, as it may on a full disk: then nothing
                // of the group is left.
                transaction.rewind().await?;
                transaction.release().await?;
            }
        }
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(())
    }

    fn succeed(self) {
        for settled in self.settled {
            (settled.answer)(Ok(()));
        }
    }

    fn fail(self, failure: &Shared) {
        for settled in self.settled {
            (settled.answer)(Err(failure));
        }
        for job in self.waiting {
            job.give_up(failure);
        }
    }
}
