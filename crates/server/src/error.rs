//! Why the server does not start or does not go on, or a command does not do as asked.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::cli::CommandError;
use crate::config::ConfigError;

/// What ends the process with exit code 1. With its sources it makes one sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration has a mistake.
    #[error("cannot use the configuration")]
    Config(#[from] ConfigError),
    /// The filter of the log cannot be read.
    #[error(
        "cannot use the setting `log.level`: it must be a level such as \"info\", or \"info,gateway=debug\""
    )]
    LogLevel,
    /// Metrics cannot be recorded.
    #[error("cannot record metrics")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    /// The runtime or the signals cannot be set up.
    #[error("cannot begin")]
    Begin(#[source] io::Error),
    /// The data directory cannot be made, read or written.
    #[error("cannot use the data directory {}", .path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of the first key can neither be read nor made.
    #[error("cannot use the file of the API key, {}", .path.display())]
    FirstKey {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store cannot be opened.
    #[error("cannot open the store")]
    Store(#[source] store_sqlite::OpenError),
    /// The backend cannot be used.
    #[error("cannot use the local backend")]
    Backend(#[source] backend_local::LocalError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} (the setting `{setting}`)")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The key of the configuration.
        setting: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Certificate and key cannot be used.
    #[error("cannot use the settings `tls.cert_file` and `tls.key_file`")]
    Tls(#[from] listener::TlsError),
    /// The stored sandboxes cannot be taken over.
    #[error("cannot take over the stored sandboxes")]
    Core(#[source] runtime_core::Error),
    /// A part broke while the server ran.
    #[error(
        "cannot go on: a part of the server broke, as its log says; sandboxes go on, and a new start takes them over"
    )]
    Broken,
    /// A command of the operator's was not done.
    #[error(transparent)]
    Command(#[from] CommandError),
}
