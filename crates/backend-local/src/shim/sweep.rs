//! Ends every descendant of the shim. As their subreaper it becomes the parent of those whose own parent ended, so that
//! nobody gets away, whatever session or group it moved to.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::{WaitOptions, WaitStatus, wait};

use crate::process::{self, Process, Stat};

use super::supervise::wait_for_news;

/// Pause before looking again whether all have ended.
const PAUSE: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Children that ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reaped {
    /// This one did.
    One(i32, WaitStatus),
    /// None just now.
    NoneNow,
    /// There are no children at all.
    NoneLeft,
}

/// Takes one ended child off the list of processes.
pub(super) fn reap() -> Reaped {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((pid, status))) => Reaped::One(pid.as_raw_pid(), status),
        Ok(None) | Err(rustix::io::Errno::INTR) => Reaped::NoneNow,
        // ECHILD
        Err(_) => Reaped::NoneLeft,
    }
}

/// Ends all descendants, and returns when none is left. A process that the kernel does not let go (it waits for a dead
/// disk, say) is waited for: as long as it is there, the boot is.
pub(super) fn all(child_news: &UnixStream) {
    let mut pause = PAUSE;
    loop {
        match reap() {
            Reaped::One(..) => {}
            Reaped::NoneLeft => return,
            Reaped::NoneNow => {
                if let Err(error) = kill_descendants() {
                    super::note(&format!("cannot list processes: {error}"));
                }
                wait_for_news(&[child_news], None, Some(pause));
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// Sends SIGKILL to all descendants.
pub(super) fn kill_descendants() -> io::Result<()> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let everyone = process::every()?;
    for pid in descendants(own, &everyone) {
        let stat = everyone.iter().find(|(number, _)| *number == pid);
        if let Some((pid, Stat { start, .. })) = stat {
            Process {
                pid: *pid,
                start: *start,
            }
            .kill();
        }
    }
    Ok(())
}

/// Children, their children, and so on.
fn descendants(of: i32, everyone: &[(i32, Stat)]) -> BTreeSet<i32> {
    let mut found = BTreeSet::from([of]);
    loop {
        let before = found.len();
        let children = everyone
            .iter()
            .filter(|(_, stat)| found.contains(&stat.parent))
            .map(|(pid, _)| *pid)
            .collect::<Vec<_>>();
        found.extend(children);
        if found.len() == before {
            found.remove(&of);
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_in_any_order() {
        let child_of = |parent| Stat {
            parent,
            session: 1,
            start: 1,
            ended: false,
        };
        let everyone = [
            (9, child_of(8)),
            (8, child_of(5)),
            (7, child_of(1)),
            (6, child_of(5)),
            (5, child_of(1)),
        ];
        assert_eq!(descendants(5, &everyone), BTreeSet::from([6, 8, 9]));
    }
}
