//! What can go wrong, in words for the operator. SQLite's result codes are named and judged here and nowhere else.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runtime_core::StoreError;

/// Primary result codes of SQLite (<https://sqlite.org/rescode.html>); the extended ones carry them in the low byte.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

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
            None => f.write_str("another server"),
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

/// What an error of the database means for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    DiskFull,
    ReadOnly,
    Corrupt,
    Busy,
    DiskBroken,
    CannotOpen,
    Slow,
    Closed,
    Other,
}

impl Trouble {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => return Self::Slow,
            sqlx::Error::PoolClosed => return Self::Closed,
            _ => {}
        }
        let extended = error
            .as_database_error()
            .and_then(|error| error.code())
            .and_then(|code| code.parse::<i32>().ok());
        match extended.map(|code| code & 0xff) {
            Some(code::FULL) => Self::DiskFull,
            Some(code::READONLY) => Self::ReadOnly,
            Some(code::CORRUPT | code::NOTADB) => Self::Corrupt,
            Some(code::BUSY | code::LOCKED) => Self::Busy,
            Some(code::IOERR) => Self::DiskBroken,
            Some(code::CANTOPEN) => Self::CannotOpen,
            _ => Self::Other,
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::DiskFull => {
                "the database's disk is full: free some space, it then goes on by itself"
            }
            Self::ReadOnly => {
                "the database cannot be written: check its file system and who may write its files"
            }
            Self::Corrupt => "the database is damaged: stop the server and restore a backup",
            Self::Busy => "another program holds the database: close it there",
            Self::DiskBroken => "the database's disk reports errors: look into the system's log",
            Self::CannotOpen => {
                "the database's file cannot be opened: check whether it is still there"
            }
            Self::Slow => "the database did not answer in time: check the load of its disk",
            Self::Closed | Self::Other => "the database answered with an error",
        }
    }
}

/// A failed statement, for the caller.
pub(crate) fn unavailable(attempt: &'static str, source: sqlx::Error) -> StoreError {
    match Trouble::of(&source) {
        Trouble::Closed => StoreError::Closed,
        trouble => StoreError::Unavailable {
            attempt,
            advice: trouble.advice().to_owned(),
            source: source.into(),
        },
    }
}

/// One failure of the database that many callers are told about.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<sqlx::Error>);

impl Shared {
    pub(crate) fn new(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }

    /// The failure, for one of the callers.
    pub(crate) fn unavailable(&self, attempt: &'static str) -> StoreError {
        StoreError::Unavailable {
            attempt,
            advice: Trouble::of(&self.0).advice().to_owned(),
            source: Box::new(self.clone()),
        }
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// A call that waited longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {seconds} s")]
struct NoAnswer {
    seconds: u64,
}

/// A write that was not answered in time. It may still be stored.
pub(crate) fn unanswered(attempt: &'static str, patience: std::time::Duration) -> StoreError {
    StoreError::Unavailable {
        attempt,
        advice: Trouble::Slow.advice().to_owned(),
        source: Box::new(NoAnswer {
            seconds: patience.as_secs(),
        }),
    }
}

/// Whether a unique index refused the row.
pub(crate) fn is_unique_violation(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation())
}
