//! Errors of stores.

use std::error::Error as StdError;

use crate::ids::SandboxId;

/// Why a store could not do as asked. Nothing was stored, as far as is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be used now: no connection, a full disk, read-only. Trying later may help.
    #[error("cannot {attempt}: {advice}")]
    Unavailable {
        /// What was attempted.
        attempt: &'static str,
        /// What is wrong and what to do, for the operator.
        advice: String,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A stored document is not what this version wrote.
    #[error("cannot read the stored record of sandbox {id}")]
    Unreadable {
        /// The sandbox.
        id: SandboxId,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A write that makes no sense, such as replacing a record by one of another session: a bug of the caller.
    #[error("the write is not valid: {0}")]
    Invalid(&'static str),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}
