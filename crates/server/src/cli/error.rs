//! Why a command of the operator's was not done.

use std::io;
use std::path::PathBuf;

use runtime_api::client::ClientError;

/// Why a command of the operator's was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no key to be found.
    #[error(
        "cannot find an API key: give one with PINFOLD_API_KEY or --api-key, or name the server's data directory with \
         --data-dir"
    )]
    NoKey,
    /// The file of the key cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server cannot be called at all.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nothing says which server's data is meant.
    #[error("cannot find a data directory: name it with --data-dir")]
    NoDataDir,
    /// There is no copy of the database.
    #[error("cannot back up")]
    Backup(#[from] store_sqlite::BackupError),
    /// What is asked for cannot be.
    #[error("cannot ask for this sandbox")]
    Request(#[from] runtime_api::BodyError),
    /// One call gave nothing.
    #[error("{what}{}", hint(.source))]
    Call {
        /// What was attempted: `cannot stop abc`.
        what: String,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// What an agent answers is not what it should be.
    #[error("cannot understand how the command ended")]
    Output {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Some of several were not done; each was told of.
    #[error("cannot do it for {failed} of {all} sandboxes")]
    Some {
        /// How many were not done.
        failed: usize,
        /// How many were asked for.
        all: usize,
    },
    /// The command in the sandbox did not end.
    #[error("cannot tell how the command ended: it was cut off")]
    NotEnded,
    /// The terminal cannot be written.
    #[error("cannot write the output")]
    Terminal(#[from] io::Error),
}

impl CommandError {
    /// For `map_err`: the call that failed was made for this.
    pub(super) fn of(what: impl Into<String>) -> impl FnOnce(ClientError) -> Self {
        let what = what.into();
        move |source| Self::Call { what, source }
    }
}

const fn hint(error: &ClientError) -> &'static str {
    match error {
        ClientError::Connect { .. } => " (is the server running?)",
        _ => "",
    }
}
