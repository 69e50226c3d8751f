//! What server and shim say to each other: the launch, and what became of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cgroup::Group;
use crate::config::{Limits, LogLimits};
use crate::pid_file::ShimFile;

/// All that a shim needs to know. It holds the sandbox's keys: it goes through a pipe, never to a file or a command
/// line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    /// Directory of the boot; the files are made in there.
    pub(crate) boot_dir: PathBuf,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Its whole environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where it starts.
    pub(crate) working_dir: PathBuf,
    /// What stands between the shim and the program.
    pub(crate) launcher: Launcher,
    pub(crate) limits: Limits,
    pub(crate) cgroup: Option<Group>,
    pub(crate) log: LogLimits,
    /// From SIGTERM to SIGKILL.
    pub(crate) grace: Duration,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("boot_dir", &self.boot_dir)
            .finish_non_exhaustive()
    }
}

/// What stands between the shim and the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Launcher {
    /// Nothing: the program sees this machine as the server's user does.
    Plain,
}

impl Launcher {
    /// The words that are run to run `command`.
    pub(crate) fn wrap(self, command: Vec<String>) -> Vec<String> {
        match self {
            Self::Plain => command,
        }
    }
}

/// What became of the launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The program runs.
    Started(ShimFile),
    /// It does not, and nothing is left of it.
    Failed(Failure),
}

/// Why a program does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailureKind {
    /// The program, its arguments or its environment can never be run.
    Refused,
    /// It may work another time.
    Other,
}

impl Failure {
    /// A failure that may pass.
    pub(crate) fn other(what: &str, error: &dyn fmt::Display) -> Self {
        Self {
            kind: FailureKind::Other,
            message: format!("{what}: {error}"),
        }
    }

    /// A failure to execute, sorted by what execve(2) says.
    pub(crate) fn of_spawn(program: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::InvalidInput
            | ErrorKind::NotADirectory
            | ErrorKind::ArgumentListTooLong => FailureKind::Refused,
            // ENOEXEC has no kind of its own.
            _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
                FailureKind::Refused
            }
            _ => FailureKind::Other,
        };
        Self {
            kind,
            message: format!("cannot run {program}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_missing_program_never_runs_and_a_full_machine_may_recover() {
        let kind = |error: Error| Failure::of_spawn("agent", &error).kind;
        assert_eq!(kind(ErrorKind::NotFound.into()), FailureKind::Refused);
        assert_eq!(
            kind(ErrorKind::ArgumentListTooLong.into()),
            FailureKind::Refused
        );
        assert_eq!(kind(Error::from_raw_os_error(8)), FailureKind::Refused);
        assert_eq!(kind(ErrorKind::OutOfMemory.into()), FailureKind::Other);
        assert_eq!(kind(ErrorKind::WouldBlock.into()), FailureKind::Other);
    }
}
