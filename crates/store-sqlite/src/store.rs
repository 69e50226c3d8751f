//! The store: opened, asked, closed. Each method forwards to the file that knows its table.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use runtime_core::sandbox::{Event, Record};
use runtime_core::{
    Admit, Changes, Cursor, Inserted, InstallationId, Replacing, SandboxId, SessionId, StateStore,
    StoreError, TenantId, Timestamp, Updated,
};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::SqliteSettings;
use crate::error::OpenError;
use crate::sandboxes::{Close, Insert, Insertion, Purge, Touch, Update, UpdateResult};
use crate::seal::Seal;
use crate::writer::{Operation, Progress, Queue, Writer};
use crate::{changes, connect, events, installation, migrate, row, sandboxes};

/// The records in one SQLite file, which this process owns as long as the store is open.
///
/// Open it once, share it as an `Arc`, and [`close`](Self::close) it at the end. One that is dropped instead still
/// writes what waits, in the background.
#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    queue: Queue,
    progress: Arc<Progress>,
    seal: Seal,
    stop: CancellationToken,
    tasks: TaskTracker,
    patience: Duration,
}

impl SqliteStore {
    /// Opens the database, creates it where there is none, and brings its schema to this version.
    ///
    /// # Errors
    /// [`OpenError`]: nothing was changed, or only the schema.
    pub async fn open(mut settings: SqliteSettings) -> Result<Self, OpenError> {
        // An absolute path has none of the meanings that SQLite gives to some names, such as `:memory:`.
        settings.path = std::path::absolute(&settings.path)
            .map_err(|source| OpenError::from_file(&settings.path, source))?;
        let path = settings.path.clone();
        let failed = |source| OpenError::from_database(&settings.path, source);
        let lock = tokio::task::spawn_blocking(move || connect::prepare_file(&path))
            .await
            .map_err(|source| OpenError::Unusable {
                path: settings.path.clone(),
                source: source.into(),
            })??;
        let options = connect::writer(&settings);
        let mut connection = options.connect().await.map_err(failed)?;
        migrate::migrate(&mut connection, &settings.path).await?;
        let seal = Seal::new(settings.seal_key.as_ref());
        check_seal(&mut connection, &seal, &settings.path).await?;
        let mark = changes::last_mark(&mut connection).await.map_err(failed)?;
        let readers = connect::readers(&settings).await.map_err(failed)?;

        let progress = Progress::starting_at(mark);
        let (writer, queue) = Writer::new(
            options,
            connection,
            Arc::clone(&progress),
            lock,
            settings.queue,
            settings.patience,
        );
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(writer.run(stop.clone()));
        Ok(Self {
            readers,
            queue,
            progress,
            seal,
            stop,
            tasks,
            patience: settings.patience,
        })
    }

    /// Writes what waits, closes the file and gives it free for others. Calls from now on answer
    /// [`StoreError::Closed`]. On a disk that does not answer it gives up after [`SqliteSettings::patience`].
    ///
    /// # Cancel safety
    /// When the call is dropped, the store closes nevertheless, a little later.
    pub async fn close(&self) {
        self.tasks.close();
        let stop = self.stop.clone().drop_guard();
        let closed = async {
            // The writer last: who closes last empties the log of writes, and readers may not.
            self.readers.close().await;
            drop(stop);
            self.tasks.wait().await;
        };
        if tokio::time::timeout(self.patience, closed).await.is_err() {
            tracing::error!("the database did not close in time; what was acknowledged is stored");
        }
    }

    /// Hands a write in and waits until it is committed or has failed.
    pub(crate) async fn write<O: Operation>(&self, operation: O) -> Result<O::Answer, StoreError> {
        self.queue.call(operation).await
    }

    /// The connections that read.
    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Transactions that were committed since the store was opened: with group commit fewer than writes.
    pub fn commits(&self) -> u64 {
        self.progress.groups()
    }
}

async fn check_seal(
    connection: &mut SqliteConnection,
    seal: &Seal,
    path: &Path,
) -> Result<(), OpenError> {
    if !seal.encrypts() {
        tracing::warn!(
            path = %path.display(),
            "no sealing key is configured: environment values and session keys are stored in plain text, readable for \
             the owner of the file alone"
        );
    }
    let same = installation::check_seal(connection, seal)
        .await
        .map_err(|source| OpenError::from_database(path, source))?;
    if same {
        Ok(())
    } else {
        Err(OpenError::WrongSealKey {
            path: path.to_owned(),
        })
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn insert<'a>(
        &self,
        new: &Record,
        events: &[Event],
        admit: Admit,
        replacing: Option<Replacing<'a>>,
    ) -> Result<Inserted, StoreError> {
        let close = replacing
            .map(|replacing| Close::new(new, replacing))
            .transpose()?;
        let insert = Insert::new(new, events, admit, close, &self.seal)?;
        Ok(match self.write(insert).await? {
            Insertion::Created => Inserted::Created,
            Insertion::Exists(row) => Inserted::Exists(Box::new(row::record(&row, &self.seal)?)),
            Insertion::OverQuota { live } => Inserted::OverQuota { live },
        })
    }

    async fn update(
        &self,
        next: &Record,
        events: &[Event],
        admit: Admit,
    ) -> Result<Updated, StoreError> {
        let update = Update::new(next, events, admit)?;
        Ok(match self.write(update).await? {
            UpdateResult::Yes(version) => Updated::Yes(version),
            UpdateResult::Stale(row) => Updated::Stale(Box::new(row::record(&row, &self.seal)?)),
            UpdateResult::Missing => Updated::Missing,
            UpdateResult::OverQuota { live } => Updated::OverQuota { live },
        })
    }

    async fn get(&self, id: &SandboxId) -> Result<Option<Record>, StoreError> {
        sandboxes::get(&self.readers, &self.seal, id).await
    }

    async fn of_session(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Option<Record>, StoreError> {
        sandboxes::of_session(&self.readers, &self.seal, tenant, session).await
    }

    async fn of_sessions(
        &self,
        tenant: &TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<Record>, StoreError> {
        sandboxes::of_sessions(&self.readers, &self.seal, tenant, sessions).await
    }

    async fn events(&self, id: &SandboxId) -> Result<Vec<Event>, StoreError> {
        events::of(&self.readers, id).await
    }

    async fn changes(&self, since: &Cursor) -> Result<Changes, StoreError> {
        changes::since(&self.readers, &self.seal, since, self.progress.mark()).await
    }

    fn hints(&self) -> BoxStream<'static, ()> {
        // No other process writes this file.
        stream::pending().boxed()
    }

    async fn touch(&self, seen: &[(SandboxId, Timestamp)]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        self.write(Touch::new(seen)?).await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.write(Purge { before, limit }).await
    }

    async fn installation(&self) -> Result<(InstallationId, Timestamp), StoreError> {
        installation::read(&self.readers).await
    }
}
