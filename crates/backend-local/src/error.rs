//! Errors: why the backend cannot be made, and what a failed launch means for the sandbox.

use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use runtime_core::{BackendError, ErrorClass};

/// Why the backend cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// There is no command line for the shim.
    #[error("the command line that runs the shim is empty")]
    NoShim,
    /// The ports cannot be used.
    #[error(
        "`local.ports` must be at least four ports between 1 and 32767 (from 32768 on they are the system's), not {} to {}",
        .0.start(), .0.end()
    )]
    Ports(RangeInclusive<u16>),
    /// The directory cannot be made, read or written.
    #[error("cannot use {} as the directory for sandboxes", .path.display())]
    Root {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The directory's name cannot be handed to programs.
    #[error("the directory for sandboxes, {}, must have a name in UTF-8", .0.display())]
    RootName(PathBuf),
}

/// The server's own files cannot be written: that may pass.
pub(crate) fn cannot_write(what: &str, source: io::Error) -> BackendError {
    BackendError::new(
        ErrorClass::Retry,
        format!("the server's directory for sandboxes cannot be written: {what}"),
    )
    .because(source)
}

/// It can never work like this.
pub(crate) fn refused(message: impl Into<String>) -> BackendError {
    BackendError::new(ErrorClass::Refused, message)
}

/// It may work later.
pub(crate) fn retry(message: impl Into<String>) -> BackendError {
    BackendError::new(ErrorClass::Retry, message)
}

/// It is not there.
pub(crate) fn gone(message: impl Into<String>) -> BackendError {
    BackendError::new(ErrorClass::Gone, message)
}
