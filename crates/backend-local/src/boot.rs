//! One boot from when its shim was started or found until nothing of it is left: a task each, which waits for the
//! shim's end by its pidfd.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use runtime_core::{Boot, SandboxId};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio_util::sync::CancellationToken;

use crate::host::Host;
use crate::leftovers::Signs;
use crate::logs;
use crate::names;
use crate::observe;
use crate::pid_file::{self, ExitFile, LaunchFile, ShimFile};
use crate::workspace::{self, BootDir};

/// What a shim needs after the grace time to see that all ended; then it is ended itself.
const SHIM_MARGIN: Duration = Duration::from_secs(5);

/// A boot that is looked after.
#[derive(Debug)]
pub(crate) struct Attended {
    pub(crate) dir: BootDir,
    pub(crate) launch: LaunchFile,
    /// Who runs it, as far as known and of this start of the machine.
    pub(crate) shim: Option<ShimFile>,
    /// The shim's pidfd; none when the shim is not there any more.
    pub(crate) handle: Option<OwnedFd>,
    /// It ran in this start of the machine.
    pub(crate) same_machine: bool,
    pub(crate) leave: CancellationToken,
}

impl Attended {
    fn id(&self) -> &SandboxId {
        &self.launch.id
    }

    fn boot(&self) -> Boot {
        self.launch.boot
    }

    /// Looks after it until it is gone or the backend stops.
    ///
    /// # Cancel safety
    /// All that matters is in files and processes: the next backend looks after it from there.
    pub(crate) async fn attend(mut self, host: Arc<Host>) {
        let stop = host.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.until_gone(&host) => {}
        }
    }

    async fn until_gone(&mut self, host: &Host) {
        if let Err(error) = self.until_shim_ended(host.settings.grace).await {
            tracing::error!(
                sandbox.id = %self.id(), boot = %self.boot(), error = %error,
                "cannot watch a boot, its end will not be noticed"
            );
            return;
        }
        let exit = self.sweep().await;
        if !self.leave.is_cancelled() {
            let log = self.dir.log();
            let tail = tokio::task::spawn_blocking(move || logs::tail(&log));
            let state = observe::exited(
                exit.as_ref(),
                self.same_machine,
                tail.await.unwrap_or_default(),
            );
            host.registry.set_boot(self.id(), self.boot(), state);
            self.leave.cancelled().await;
        }
        self.forget(host).await;
    }

    /// Ends whatever runs of it and forgets it, at once.
    pub(crate) async fn abandon(mut self, host: &Host) {
        self.leave.cancel();
        self.until_gone(host).await;
    }

    /// Waits for the shim's end, and asks for it when the boot is to leave.
    async fn until_shim_ended(&mut self, grace: Duration) -> std::io::Result<()> {
        let Some(handle) = self.handle.take() else {
            return Ok(());
        };
        let shim = pollable(handle)?;
        // Neither loses anything when it is dropped: a pidfd stays readable, a token cancelled.
        tokio::select! {
            biased;
            ended = shim.readable() => drop(ended?),
            () = self.leave.cancelled() => {
                // It may have ended meanwhile, which is what was wanted.
                pidfd_send_signal(shim.get_ref(), Signal::TERM).ok();
                if tokio::time::timeout(grace + SHIM_MARGIN, shim.readable()).await.is_err() {
                    pidfd_send_signal(shim.get_ref(), Signal::KILL).ok();
                    drop(shim.readable().await?);
                }
            }
        }
        // A shim that an earlier server started has another parent, which takes it off the list.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        waitid(WaitId::PidFd(shim.get_ref().as_fd()), options).ok();
        Ok(())
    }

    /// Sees to it that nothing of the boot runs, and says how it ended. A shim that ended in order has done so already.
    async fn sweep(&self) -> Option<ExitFile> {
        let exit: Option<ExitFile> = pid_file::read(&self.dir.exit_file());
        if exit.is_some_and(|exit| exit.swept) || !self.same_machine {
            return exit;
        }
        let signs = Signs {
            marker: names::marker(self.launch.installation, self.id(), self.boot()),
            shim: self.shim.as_ref().map(|known| known.shim),
            cgroup: self.launch.cgroup.clone(),
        };
        signs.end().await;
        exit
    }

    /// Removes what belongs to the boot alone, but for its logs.
    async fn forget(&self, host: &Host) {
        let (dir, temporary) = (self.dir.clone(), self.launch.temporary.clone());
        let removed = tokio::task::spawn_blocking(move || {
            workspace::remove_tree(&temporary)?;
            dir.forget()
        });
        match removed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                sandbox.id = %self.id(), boot = %self.boot(), error = %error,
                "cannot remove all files of a boot"
            ),
            Err(error) => tracing::error!(error = %error, "removing files failed"),
        }
        host.ports.give_back(&self.launch.ports.into());
        host.registry.boot_gone(self.id(), self.boot());
    }
}

/// A handle whose readiness can be waited for.
#[expect(
    deprecated,
    reason = "its successor is unsafe because other types could close the descriptor early; an OwnedFd keeps it open"
)]
fn pollable(handle: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(handle, Interest::READABLE)
}
