//! What can go wrong, in words for the operator. SQLite's result codes are named and judged here and nowhere else.

mod open;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runtime_core::StoreError;

pub use open::OpenError;

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
    /// Extended: the index of the log of writes, a file beside the database, cannot grow.
    pub(super) const IOERR_SHMSIZE: i32 = 4874;
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
        if extended == Some(code::IOERR_SHMSIZE) {
            return Self::DiskFull;
        }
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
pub(crate) fn unanswered(attempt: &'static str, patience: Duration) -> StoreError {
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
