//! Files and connections: created with narrow rights, opened with the settings that durability needs.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::config::SqliteSettings;
use crate::error::OpenError;
use crate::lock::FileLock;

/// How long SQLite itself waits for a lock of another program, such as its shell or a backup.
const BUSY: Duration = Duration::from_secs(5);
/// The log of writes is cut down to this after it has grown, in bytes.
const LOG_BYTES: &str = "67108864";

/// Makes directory and file where they are missing, and takes the lock. Blocking.
///
/// Nobody else may have the file open in this process when it is closed here: that would drop SQLite's own locks. The
/// lock, which is taken first, sees to it.
pub(crate) fn prepare_file(path: &Path) -> Result<FileLock, OpenError> {
    let failed = |source: io::Error| OpenError::from_file(path, source);
    if let Some(directory) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(failed)?;
    }
    let lock = FileLock::acquire(path)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    // SQLite gives the files beside it the same mode.
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(failed)?;
    }
    Ok(lock)
}

/// For the one connection that writes.
pub(crate) fn writer(settings: &SqliteSettings) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&settings.path)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode only FULL flushes the log at every commit.
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", LOG_BYTES)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .thread_name(|_| "store-writer".to_owned())
        .disable_statement_logging()
}

/// The connections that read.
pub(crate) async fn readers(settings: &SqliteSettings) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(&settings.path)
        .read_only(true)
        .busy_timeout(BUSY)
        .thread_name(|number| format!("store-reader-{number}"))
        .disable_statement_logging();
    SqlitePoolOptions::new()
        .max_connections(settings.readers.max(1))
        .min_connections(1)
        .acquire_timeout(settings.patience)
        // A connection to a file of ours does not go stale.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
}
