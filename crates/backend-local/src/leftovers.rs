//! What is left of a boot whose shim is gone: found by control group, by the variable that every process of a boot
//! inherits, and by the session that the shim opened.

use std::fs;
use std::io;
use std::time::Duration;

use crate::cgroup::Group;
use crate::names;
use crate::process::{self, Process, Stat};
use crate::strays;

/// Pause before looking again for what is left of a boot.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How often the removal of a control group is tried.
const GROUP_TRIES: u32 = 40;

/// By what the processes of a boot are told.
#[derive(Debug, Clone)]
pub(crate) struct Signs {
    /// Value of the variable [`names::MARKER`].
    pub(crate) marker: String,
    /// The shim, whose number is that of its session.
    pub(crate) shim: Option<Process>,
    pub(crate) cgroup: Option<Group>,
}

impl Signs {
    /// Ends whatever is found, and says how many that were. To be called until that is none: what is found may have started
    /// something meanwhile.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    fn kill(&self) -> io::Result<usize> {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let grouped = self
            .cgroup
            .as_ref()
            .map(Group::processes)
            .unwrap_or_default();
        let all = process::every()?;
        let shim_left = self.shim.filter(|shim| {
            // The number may be another process's by now, and its session another session.
            !all.iter()
                .any(|(pid, stat)| *pid == shim.pid && stat.start != shim.start)
        });
        let in_session = |stat: &Stat| {
            shim_left.is_some_and(|shim| stat.session == shim.pid && stat.start >= shim.start)
        };
        let found = all.iter().filter(|(pid, stat)| {
            *pid != own
                && !stat.ended
                && (in_session(stat) || grouped.contains(pid) || self.marks(*pid))
        });
        let mut killed = 0;
        for (pid, stat) in found {
            Process {
                pid: *pid,
                start: stat.start,
            }
            .kill();
            killed += 1;
        }
        Ok(killed)
    }

    /// Whether a process was born into this boot. Others' processes cannot be read, and are not ours.
    fn marks(&self, pid: i32) -> bool {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            strays::variable(&environment, names::MARKER).is_some_and(|found| found == self.marker)
        })
    }

    /// Ends whatever is found until there is nothing more. A process that the kernel does not let go is waited for: as
    /// long as it is there, the boot is.
    ///
    /// # Cancel safety
    /// What was ended stays ended.
    pub(crate) async fn end(self) {
        let mut pause = PAUSE;
        loop {
            let signs = self.clone();
            match tokio::task::spawn_blocking(move || signs.kill()).await {
                Ok(Ok(0)) => break,
                Ok(Ok(left)) => tracing::debug!(
                    marker = self.marker,
                    left,
                    "ended what a lost shim left behind"
                ),
                Ok(Err(error)) => tracing::warn!(
                    marker = self.marker, error = %error,
                    "cannot look for what a lost shim left behind"
                ),
                Err(error) => tracing::error!(error = %error, "looking for processes failed"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        let Some(cgroup) = self.cgroup else { return };
        for _ in 0..GROUP_TRIES {
            if cgroup.remove() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        tracing::warn!(marker = self.marker, "cannot remove a control group");
    }
}
