//! What a backend's own tests tell about the place where its sandboxes run.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use runtime_core::sandbox::Spec;
use runtime_core::{InstallationId, SandboxBackend, SandboxId};

/// What a program does that the checks ask for. Each of them first appends a line to the file `starts` in its workspace,
/// writes the line `started` to its output, and writes what it was told to the file `told` in its workspace, a line
/// each: the variables `RUNTIME_ID`, `RUNTIME_URL`, `SESSION_API_KEY` and `TOKEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Stays, and ends when it is asked to.
    Stays,
    /// Stays, and takes no notice of being asked to end.
    Stubborn,
    /// Writes `a last word` to its output, and ends with exit code 3.
    Exits,
    /// Stays until there is a file `go` in its workspace, then writes `a last word` and ends with exit code 7.
    ExitsWhenTold,
    /// Writes the lines `line 1` to `line 1000` to its output, and stays.
    Talks,
    /// Can never be launched here, such as an image that nobody has.
    Impossible,
}

/// Where backends of one kind run their sandboxes.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// A new site without sandboxes, of a new installation.
    async fn site(&self) -> Box<dyn Site>;

    /// Longest that anything may take that is seen through the watch: a boot, an end, a removal.
    fn patience(&self) -> Duration;
}

/// The place of one installation's sandboxes. It outlives the backends that look after them.
#[async_trait]
pub trait Site: Send + Sync {
    /// Whose sandboxes are made here.
    fn installation(&self) -> InstallationId;

    /// A backend of this installation, as a server makes one when it starts.
    async fn open(&self) -> Arc<dyn SandboxBackend>;

    /// A backend of another installation that can see this place, where that is possible.
    async fn open_as(&self, installation: InstallationId) -> Arc<dyn SandboxBackend>;

    /// Lets go of a backend, as a server does when it ends. Its sandboxes go on.
    async fn close(&self, backend: Arc<dyn SandboxBackend>);

    /// What is asked for to get a program that behaves so. It knows of an environment variable `TOKEN`.
    fn spec(&self, behaviour: Behaviour) -> Spec;

    /// A file in the workspace of a sandbox; none while there is no such file. Asked for while a boot is up.
    async fn read(&self, id: &SandboxId, name: &str) -> Option<String>;

    /// Makes a file in the workspace of a sandbox, while a boot is up.
    async fn write(&self, id: &SandboxId, name: &str, text: &str);
}
