//! A copy of the database, also while a server uses it.

use std::error::Error as StdError;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// How long SQLite itself waits for a lock.
const BUSY: Duration = Duration::from_secs(30);

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The new file cannot be made; one that is there is never overwritten.
    #[error("cannot make {}", .path.display())]
    Target {
        /// The new file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be read, or the copy not written.
    #[error("cannot copy the database {}", .path.display())]
    Copy {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// Copies the database at `from` into the new file `to`, readable by its owner alone: one moment of it, complete, and on
/// the disk when this returns. Whoever uses the database goes on.
///
/// # Errors
/// [`BackupError`]; then there is no new file.
///
/// # Cancel safety
/// Dropping the future may leave an incomplete copy.
pub async fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
    let target = |source| BackupError::Target {
        path: to.to_owned(),
        source,
    };
    // SQLite takes an empty file for none; made by it, others could read the file.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(target)?;
    if let Err(source) = copy(from, to).await {
        // What is no copy must not be taken for one.
        fs::remove_file(to).ok();
        let path = from.to_owned();
        return Err(BackupError::Copy { path, source });
    }
    file.sync_all().map_err(target)?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(target)
}

async fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn StdError + Send + Sync>> {
    let to = to.to_str().ok_or("the new file's name must be text")?;
    let options = SqliteConnectOptions::new()
        .filename(from)
        .create_if_missing(false)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    let copied = sqlx::query("VACUUM INTO ?1")
        .bind(to)
        .execute(&mut connection)
        .await;
    connection.close().await?;
    copied?;
    Ok(())
}
