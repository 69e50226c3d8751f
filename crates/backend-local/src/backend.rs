//! The trait, each method a few lines: what it means is done elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use runtime_core::sandbox::Spec;
use runtime_core::{
    BackendError, BackendEvent, Boot, Capabilities, Clock as _, Entropy as _, LaunchSpec,
    SandboxBackend, SandboxId, SystemEntropy,
};

use crate::adopt;
use crate::config::LocalSettings;
use crate::disk;
use crate::error::{LocalError, cannot_write, gone, refused, retry};
use crate::host::Host;
use crate::launch;
use crate::logs;
use crate::names;
use crate::pid_file::SandboxFile;
use crate::registry::Claim;
use crate::watch;
use crate::workspace::{self, SandboxDir};

/// Runs sandboxes as process groups of this machine. Dropping it leaves them running; the next one finds them.
#[derive(Debug)]
pub struct LocalBackend {
    host: Arc<Host>,
}

impl LocalBackend {
    /// Makes the directory for sandboxes, finds those that are there, and looks after them. To be called inside a tokio
    /// runtime; it reads some small files per sandbox before it returns.
    ///
    /// # Errors
    /// [`LocalError`] when the settings cannot be used.
    pub fn new(mut settings: LocalSettings) -> Result<Self, LocalError> {
        settings.check()?;
        settings.root = usable_root(&settings.root)?;
        if settings.root.to_str().is_none() {
            return Err(LocalError::RootName(settings.root));
        }
        let host = Arc::new(Host::new(settings));
        tracing::warn!("sandboxes are not isolated: they run as this user and see this machine");
        let missing = host.hierarchies.missing();
        if !missing.is_empty() {
            tracing::warn!(
                controllers = ?missing,
                "no control groups can be made, so some limits of sandboxes are not kept"
            );
        }
        let found = adopt::find(&host).map_err(|source| LocalError::Root {
            path: host.settings.root.clone(),
            source,
        })?;
        // Before anything is launched, so that no group is empty because its program is yet to come.
        host.hierarchies.remove_empty(host.installation());
        for boot in found.boots {
            host.tasks.spawn(boot.attend(Arc::clone(&host)));
        }
        for stray in found.strays {
            tracing::warn!(stray = ?stray.marker, "ending a sandbox whose directory is gone");
            host.tasks
                .spawn(host.stop.clone().run_until_cancelled_owned(stray.end()));
        }
        for path in found.trash {
            remove_later(&host, path);
        }
        let looking = disk::keep_looking(
            Arc::clone(&host.registry),
            host.settings.root.clone(),
            host.settings.disk_check,
        );
        host.tasks
            .spawn(host.stop.clone().run_until_cancelled_owned(looking));
        Ok(Self { host })
    }

    /// Ends the backend's tasks and waits for them. Sandboxes go on.
    pub async fn shutdown(&self) {
        self.host.stop.cancel();
        self.host.tasks.close();
        self.host.tasks.wait().await;
    }
}

impl Drop for LocalBackend {
    fn drop(&mut self) {
        self.host.stop.cancel();
    }
}

/// The root as an absolute path without links; made, and tried by writing to it.
fn usable_root(root: &Path) -> Result<PathBuf, LocalError> {
    let unusable = |source| LocalError::Root {
        path: root.to_owned(),
        source,
    };
    workspace::make_private(root).map_err(unusable)?;
    let trial = root.join(".writable");
    std::fs::write(&trial, [])
        .and_then(|()| std::fs::remove_file(&trial))
        .map_err(unusable)?;
    root.canonicalize().map_err(unusable)
}

/// Removes a directory that is in the trash already, however long that takes.
fn remove_later(host: &Host, path: PathBuf) {
    host.tasks.spawn(async move {
        let remove = tokio::task::spawn_blocking(move || workspace::remove_tree(&path));
        match remove.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                error = %error,
                "cannot remove all files of a stopped sandbox, the next start tries again"
            ),
            Err(error) => tracing::error!(error = %error, "removing files failed"),
        }
    });
}

#[async_trait]
impl SandboxBackend for LocalBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            keeps_disk: true,
            freezes: false,
            logs: true,
        }
    }

    fn check(&self, spec: &Spec) -> Result<(), BackendError> {
        let any_port = *self.host.settings.agent_ports.start();
        launch::command(&self.host.settings, spec, any_port).map(drop)
    }

    async fn launch(&self, boot: &LaunchSpec) -> Result<(), BackendError> {
        let about = SandboxFile {
            installation: self.host.installation(),
            created_at: self.host.clock.now(),
        };
        match self.host.registry.claim(boot.id(), boot.boot, &about) {
            Claim::Exists => Ok(()),
            Claim::Erasing => Err(retry("the sandbox is being erased")),
            Claim::Ours(leave) => {
                // A task of its own, so that it goes on when the caller does not wait.
                let host = Arc::clone(&self.host);
                let launch = launch::launch(host, boot.clone(), about, leave);
                self.host
                    .tasks
                    .spawn(launch)
                    .await
                    .map_err(|error| retry("launching failed").because(error))?
            }
        }
    }

    async fn release(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError> {
        self.host.registry.leave(id, boot);
        Ok(())
    }

    async fn freeze(&self, _id: &SandboxId, _boot: Boot) -> Result<(), BackendError> {
        Err(refused("sandboxes of this machine cannot be frozen"))
    }

    async fn thaw(&self, _id: &SandboxId, _boot: Boot) -> Result<(), BackendError> {
        Err(refused("sandboxes of this machine cannot be frozen"))
    }

    async fn erase(&self, id: &SandboxId) -> Result<(), BackendError> {
        if !self.host.registry.begin_erasing(id) {
            return Err(retry("the sandbox's processes are still there"));
        }
        let dir = SandboxDir::new(&self.host.settings.root, id);
        let temporary = workspace::temporary(&dir, self.host.installation(), id);
        let trash = self
            .host
            .settings
            .root
            .join(names::trash(id, SystemEntropy.number()));
        // One step, so that half a removal is never taken for a sandbox.
        let moved = tokio::fs::rename(dir.path(), &trash).await;
        match moved {
            Ok(()) => remove_later(&self.host, trash),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                self.host.registry.erasing_failed(id);
                return Err(cannot_write("removing the sandbox's directory", error));
            }
        }
        // Boots remove it, unless their directory was removed before.
        remove_later(&self.host, temporary);
        self.host.registry.erased(id);
        Ok(())
    }

    fn watch(&self) -> BoxStream<'static, BackendEvent> {
        watch::events(Arc::clone(&self.host.registry), self.host.stop.clone())
    }

    async fn logs(&self, id: &SandboxId, boot: Boot, bytes: u64) -> Result<String, BackendError> {
        let log = SandboxDir::new(&self.host.settings.root, id)
            .boot(boot)
            .log();
        let read = tokio::task::spawn_blocking(move || logs::read_end(&log, bytes));
        read.await
            .map_err(|error| retry("reading the log failed").because(error))?
            .map_err(|error| retry("cannot read the log").because(error))?
            .ok_or_else(|| gone("no log of this boot is kept"))
    }
}
