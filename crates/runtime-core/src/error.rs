//! What the use cases answer when they cannot do as asked.

use crate::addresses::AddressError;
use crate::backend::BackendError;
use crate::store::StoreError;

/// Why a use case did not do as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such sandbox, or it is another tenant's.
    #[error("there is no such sandbox")]
    UnknownSandbox,
    /// It was stopped, and what is stopped cannot be paused or resumed.
    #[error("the sandbox is stopped; start its session anew")]
    Stopped,
    /// The limit of live sandboxes is reached.
    #[error(
        "{live} sandboxes are live and at most {limit} may be: pause or stop one, or raise `limits.max_live`"
    )]
    OverQuota {
        /// How many may be live.
        limit: u32,
        /// How many are.
        live: u32,
    },
    /// What was asked for can never run here; the text is for the client.
    #[error("{0}")]
    Refused(String),
    /// No address is left for the sandbox.
    #[error(transparent)]
    Addresses(#[from] AddressError),
    /// The store cannot be used at the moment.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
    /// The backend cannot do it at the moment.
    #[error("the backend cannot do it")]
    Backend(#[from] BackendError),
    /// Others kept changing the sandbox while this was tried; trying again is safe.
    #[error("the sandbox changes too fast; try again")]
    Contended,
    /// The process is ending.
    #[error("the server is shutting down")]
    Closing,
}
