//! Processes of this machine as `/proc` shows them (`proc_pid_stat(5)`).

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// A process that cannot be confused with a later one of the same number: they differ in when they were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Clock ticks from the machine's start to the process's (field 22).
    pub(crate) start: u64,
}

/// What is read of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) parent: i32,
    pub(crate) session: i32,
    pub(crate) start: u64,
    /// It ended and waits to be reaped.
    pub(crate) ended: bool,
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let start = stat(pid)?.start;
        Some(Self { pid, start })
    }

    /// A handle of this process, if it still exists; no later process can be reached through it.
    pub(crate) fn open(self) -> Option<OwnedFd> {
        let handle = pidfd_open(pid_of(self.pid)?, PidfdFlags::empty()).ok()?;
        // Looked at after the handle was made: what has the number now is what the handle means.
        stat(self.pid)
            .is_some_and(|now| now.start == self.start && !now.ended)
            .then_some(handle)
    }

    /// Ends the process at once, if it still exists.
    pub(crate) fn kill(self) {
        if let Some(handle) = self.open() {
            // It may have ended meanwhile, which is what was wanted.
            pidfd_send_signal(handle, Signal::KILL).ok();
        }
    }
}

/// A number as a process id, where it can be one.
pub(crate) fn pid_of(number: i32) -> Option<Pid> {
    (number > 0).then(|| Pid::from_raw(number)).flatten()
}

/// What the system says of a process; none when there is none.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Every process with what is read of it.
pub(crate) fn every() -> io::Result<Vec<(i32, Stat)>> {
    let numbers = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    Ok(numbers.filter_map(|pid| Some((pid, stat(pid)?))).collect())
}

/// `pid (name) state ppid pgrp session …`; the name may hold anything, so the fields are counted from its end.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    // Field 22, 15 fields after the session (6).
    let start = fields.nth(15)?.parse().ok()?;
    Some(Stat {
        parent,
        session,
        start,
        ended: matches!(state, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_end_of_the_name() {
        let text = "42 (a) b (c)) S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 1\n";
        let expected = Stat {
            parent: 7,
            session: 9,
            start: 12345,
            ended: false,
        };
        assert_eq!(parse_stat(text), Some(expected));
        assert_eq!(parse_stat("42 (a"), None);
    }

    #[test]
    fn a_later_process_of_the_same_number_is_not_opened() {
        let own = i32::try_from(std::process::id()).unwrap();
        let this = Process::of(own).unwrap();
        assert!(this.open().is_some());
        let earlier = Process {
            start: this.start - 1,
            ..this
        };
        assert!(earlier.open().is_none());
    }
}
