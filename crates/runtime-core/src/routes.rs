//! How the gateway finds a sandbox.

use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::ids::{Boot, SandboxId};
use crate::sandbox::{Label, Service};

/// What a request to a sandbox meets now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It runs; its service listens here. None: this service has no address in this sandbox.
    Running(Option<SocketAddr>),
    /// It is on its way.
    Starting {
        /// It ran before and is on its way back: worth waiting for.
        ran: bool,
        /// Where the service of the new boot will listen, once known.
        address: Option<SocketAddr>,
    },
    /// It is paused or pausing.
    Paused,
    /// It failed.
    Failed,
    /// It was stopped.
    Stopped,
}

/// The way to one service of one boot of a sandbox.
#[derive(Debug, Clone)]
pub struct Route {
    /// The sandbox.
    pub id: SandboxId,
    /// The boot that the way leads to.
    pub boot: Boot,
    /// What a request meets.
    pub standing: Standing,
    /// Cancelled when the boot leaves: connections to it must end, its address may soon be another's.
    pub left: CancellationToken,
}

/// Why a route is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is none.
    Missing,
    /// The boot does not accept connections although it should, or is on its way back: wait for it or its successor.
    Dead(Boot),
    /// It is paused, and the request asks for it.
    Asleep,
}

/// The store cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot look the sandbox up at the moment")]
pub struct RouteError;

/// Finds routes. `lookup` is on the path of every request and must not wait.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Routes: fmt::Debug + Send + Sync {
    /// The route as it is known in this process.
    fn lookup(&self, label: &Label, service: Service) -> Option<Route>;

    /// A better route: asks the store where there is none, waits for the next boot where one is dead. Returns the route
    /// once it is running, or as it is when nothing can be hoped for; the caller bounds the wait. None: no such sandbox.
    ///
    /// # Errors
    /// [`RouteError`] when the store cannot be asked.
    ///
    /// # Cancel safety
    /// Dropping the call leaves nothing behind.
    async fn resolve(
        &self,
        label: &Label,
        service: Service,
        why: Why,
    ) -> Result<Option<Route>, RouteError>;

    /// Notes that a client used the sandbox now. Cheap: no write.
    fn note_activity(&self, id: &SandboxId);
}
