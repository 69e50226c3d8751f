//! What runs sandboxes: processes, containers or pods. Backends report and obey; what to do is decided by
//! `step`.

mod bounded;
mod error;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use bounded::Bounded;
pub use error::{BackendError, ErrorClass};

use crate::clock::Timestamp;
use crate::ids::{Boot, InstallationId, SandboxId, SessionId, TenantId};
use crate::sandbox::{BootState, DiskState, Identity, Sealed, Spec};

/// What a backend can do beyond launching, releasing and erasing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The disk outlives a released boot.
    pub keeps_disk: bool,
    /// [`freeze`](SandboxBackend::freeze) and [`thaw`](SandboxBackend::thaw) work.
    pub freezes: bool,
    /// [`logs`](SandboxBackend::logs) works.
    pub logs: bool,
}

/// All that is needed to launch one boot.
#[derive(Debug, Clone)]
pub struct LaunchSpec {
    /// Whose object it will be.
    pub installation: InstallationId,
    /// Id and URL, told to the program inside.
    pub identity: Identity,
    /// Which incarnation.
    pub boot: Boot,
    /// Owner, for labels.
    pub tenant: TenantId,
    /// Session, for labels.
    pub session: SessionId,
    /// What was asked for.
    pub spec: Arc<Spec>,
    /// Keys and environment values.
    pub sealed: Arc<Sealed>,
}

impl LaunchSpec {
    /// The sandbox.
    pub fn id(&self) -> &SandboxId {
        &self.identity.id
    }
}

/// What a backend reports of one sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The sandbox.
    pub id: SandboxId,
    /// Whose object it is, as the object itself says; none when it does not say.
    pub installation: Option<InstallationId>,
    /// When the object was made, where it is known.
    pub created_at: Option<Timestamp>,
    /// What was seen.
    pub seen: Seen,
}

/// The thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A boot in this state.
    Boot(Boot, BootState),
    /// The sandbox's disk.
    Disk(DiskState),
}

/// A thing that is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A boot.
    Boot(Boot),
    /// The disk.
    Disk,
}

/// What a watch delivers. Between `ResyncBegins` and `ResyncEnds` everything that exists is listed; what was known
/// before and is not listed is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendEvent {
    /// A full listing begins.
    ResyncBegins,
    /// Part of the listing.
    Exists(Sighting),
    /// The listing is complete: from now on observations can be relied on.
    ResyncEnds,
    /// Something new, or in a new state.
    Changed(Sighting),
    /// Something went away.
    Gone(SandboxId, Thing),
    /// The platform cannot be reached: nothing observed can be relied on until the next `ResyncEnds`.
    Lost,
}

/// Runs sandboxes. Object-safe; every method is idempotent, takes all that it needs, and returns within 10 s
/// ([`Bounded`] enforces it): what takes longer goes on inside and is seen as [`BootState::Booting`].
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SandboxBackend: fmt::Debug + Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether `spec` could ever be launched here, without asking anybody. The message of the refusal is shown to the
    /// client: it says what to do.
    ///
    /// # Errors
    /// [`ErrorClass::Refused`] with a message for the client.
    fn check(&self, spec: &Spec) -> Result<(), BackendError>;

    /// Sees to it that this boot is on its way. Accepted, not finished: how it goes on is seen through the watch. A boot
    /// that exists already, in whatever state, is left as it is.
    ///
    /// # Errors
    /// See [`ErrorClass`].
    async fn launch(&self, boot: &LaunchSpec) -> Result<(), BackendError>;

    /// Takes away this boot's compute and what belongs to it alone; the disk stays. Accepted, not finished. A boot that
    /// does not exist is no error.
    ///
    /// # Errors
    /// See [`ErrorClass`].
    async fn release(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError>;

    /// Stops this boot and keeps its memory.
    ///
    /// # Errors
    /// [`ErrorClass::Refused`] where it cannot freeze.
    async fn freeze(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError>;

    /// Lets a frozen boot go on.
    ///
    /// # Errors
    /// [`ErrorClass::Gone`] when it is not there any more.
    async fn thaw(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError>;

    /// Removes the disk and whatever else is left of a sandbox, after all its boots went. Nothing left is no error.
    ///
    /// # Errors
    /// [`ErrorClass::Retry`] while a boot is still there.
    async fn erase(&self, id: &SandboxId) -> Result<(), BackendError>;

    /// Everything that exists, and then every change. The stream ends only with the backend; it may be taken once more
    /// after it was dropped.
    fn watch(&self) -> BoxStream<'static, BackendEvent>;

    /// The last `bytes` that this boot wrote, at most.
    ///
    /// # Errors
    /// [`ErrorClass::Gone`] when nothing is kept of it.
    async fn logs(&self, id: &SandboxId, boot: Boot, bytes: u64) -> Result<String, BackendError>;
}
