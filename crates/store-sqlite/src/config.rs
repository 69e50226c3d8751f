//! Settings of the store, as parsed values.

use std::path::PathBuf;
use std::time::Duration;

use crate::seal::SealKey;

/// Settings of a [`SqliteStore`](crate::SqliteStore).
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    /// The database file. It is created with mode 0600, its directory with mode 0700, where they do not exist.
    pub path: PathBuf,
    /// Connections for reads, at least one. Each is a thread.
    pub readers: u32,
    /// The key that environment values and session keys are encrypted with; without one they are stored in plain text.
    pub seal_key: Option<SealKey>,
    /// Writes that may wait for the writer; further ones wait for a place.
    pub queue: usize,
    /// How long a call waits for the database before it fails.
    pub patience: Duration,
}

impl SqliteSettings {
    /// The usual settings for the database at `path`: 4 readers, no key, 1,024 waiting writes, 20 s.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            seal_key: None,
            queue: 1024,
            patience: Duration::from_secs(20),
        }
    }
}
