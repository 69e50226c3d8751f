//! Where clients find a sandbox: by port, host or path of the gateway.

use std::fmt;

use crate::agent::Endpoint;
use crate::sandbox::{GatewayPorts, Label, Service};

/// No address can be given to a new sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Every port of the range is in use.
    #[error("no free gateway port in {range}: stop a sandbox, or widen the setting `{setting}`")]
    Exhausted {
        /// The range, as `first-last`.
        range: String,
        /// The configuration key of the range.
        setting: &'static str,
    },
}

/// Gives sandboxes the addresses that clients get, and keeps them for a sandbox's life.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Addresses: fmt::Debug + Send + Sync {
    /// Reserves what a new sandbox needs and begins to answer there. In modes without ports: empty.
    ///
    /// # Errors
    /// [`AddressError`].
    fn reserve(&self, label: &Label) -> Result<GatewayPorts, AddressError>;

    /// Answers again at the addresses of a sandbox that had them before the process started. Does nothing for a sandbox
    /// that has them. A port that somebody else holds is tried again until it is free.
    fn restore(&self, label: &Label, ports: &GatewayPorts);

    /// Gives back what a stopped or never stored sandbox had.
    fn release(&self, label: &Label, ports: &GatewayPorts);

    /// The base URL of a service for clients; none where it has no address.
    fn public(&self, label: &Label, ports: &GatewayPorts, service: Service) -> Option<Endpoint>;

    /// Why the sandbox cannot be reached at its addresses now, in words for its owner.
    fn trouble(&self, ports: &GatewayPorts) -> Option<String>;
}
