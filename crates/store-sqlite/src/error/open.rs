//! Why a store does not open.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::Trouble;

/// Why the database cannot be opened. Each message is a sentence that tells the operator what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store of this one, has it open.
    #[error(
        "the database {} is in use by {}: stop that one first, or give this server a data directory of its own",
        path.display(), Holder(*holder)
    )]
    InUse {
        /// The database.
        path: PathBuf,
        /// The other process, if it is known.
        holder: Option<u32>,
    },
    /// A newer version of the server wrote it.
    #[error(
        "the database {} has schema version {found}, and this server knows versions up to {known}: start the newer \
         server again, or restore a backup from before the upgrade",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this server knows.
        known: i64,
    },
    /// Not a database, or a broken one.
    #[error(
        "the file {} is not a database or is damaged: restore a backup, or move the file (and those beside it whose \
         names begin alike) away to begin anew",
        path.display()
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A database of another program.
    #[error("the file {} is the database of another program: give this server a path of its own", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The file, its directory or the file system cannot be written.
    #[error(
        "the database {} cannot be written: give the server's user the right to write the file and its directory, and \
         check that the file system is not mounted read-only",
        path.display()
    )]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No space is left.
    #[error("the disk of the database {} is full: free some space and start again", path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The file or its directory cannot be created or opened.
    #[error("the database {} cannot be created or opened: check the path and who may use it", path.display())]
    Create {
        /// The database.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// It holds values that were encrypted with another key, or with one where none is configured now.
    #[error(
        "the database {} holds values that were sealed with another key: configure the key that it was made with",
        path.display()
    )]
    WrongSealKey {
        /// The database.
        path: PathBuf,
    },
    /// Anything else.
    #[error("the database {} cannot be used", path.display())]
    Unusable {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// Says who holds the lock.
struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(process) => write!(f, "another server (process {process})"),
            None => f.write_str("another program"),
        }
    }
}

impl OpenError {
    /// From a failed call about the file, its directory or the lock.
    pub(crate) fn from_file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly {
                path,
                source: source.into(),
            },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull {
                path,
                source: source.into(),
            },
            _ => Self::Create {
                path,
                source: source.into(),
            },
        }
    }

    /// From a failed statement.
    pub(crate) fn from_database(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        match Trouble::of(&source) {
            Trouble::DiskFull => Self::DiskFull {
                path,
                source: source.into(),
            },
            Trouble::ReadOnly => Self::ReadOnly {
                path,
                source: source.into(),
            },
            Trouble::Corrupt => Self::Corrupt {
                path,
                source: source.into(),
            },
            Trouble::CannotOpen => Self::Create {
                path,
                source: source.into(),
            },
            Trouble::Busy => Self::InUse { path, holder: None },
            Trouble::DiskBroken | Trouble::Slow | Trouble::Closed | Trouble::Other => {
                Self::Unusable {
                    path,
                    source: source.into(),
                }
            }
        }
    }
}
