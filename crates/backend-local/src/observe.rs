//! What the shim noted, as the core sees it (pure).

use runtime_core::sandbox::{BootState, Reason, ReasonCode};

use crate::pid_file::ExitFile;

/// How a boot ended, from the shim's note; without one the shim was lost.
pub(crate) fn exited(note: Option<&ExitFile>, same_machine: bool, log_tail: String) -> BootState {
    let (reason, code) = match note {
        Some(exit) => (reason_of(exit), Some(exit.code)),
        None if same_machine => {
            let message =
                "the process that watches over the program was lost, so the program was ended";
            (Reason::new(ReasonCode::SupervisorLost, message), None)
        }
        None => {
            let message = "the machine was restarted";
            (Reason::new(ReasonCode::SupervisorLost, message), None)
        }
    };
    BootState::Exited {
        reason,
        code,
        log_tail,
    }
}

fn reason_of(exit: &ExitFile) -> Reason {
    match exit.signal {
        Some(_) if exit.out_of_memory => Reason::new(
            ReasonCode::OomKilled,
            "the program was ended because the sandbox reached its limit of memory",
        ),
        Some(signal) => Reason::new(
            ReasonCode::Error,
            format!("the program was ended by {}", signal_name(signal)),
        ),
        None if exit.code == 0 => Reason::new(ReasonCode::Completed, "the program ended"),
        None => Reason::new(
            ReasonCode::Error,
            format!("the program ended with exit code {}", exit.code),
        ),
    }
}

/// The name of a signal that ends programs (signal(7)).
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    format!("{name} (signal {signal})")
}

/// That a boot is being released.
pub(crate) fn leaving() -> BootState {
    BootState::Leaving {
        reason: Reason::new(ReasonCode::Deleted, "its processes are being ended"),
    }
}

/// That a boot's processes are being started.
pub(crate) fn booting() -> BootState {
    BootState::Booting {
        detail: "starting its processes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_reason() {
        let exit = |code, signal, out_of_memory| ExitFile {
            code,
            signal,
            out_of_memory,
            swept: true,
        };
        for (note, same_machine, code, expected, word) in [
            (
                Some(exit(0, None, false)),
                true,
                Some(0),
                ReasonCode::Completed,
                "ended",
            ),
            (
                Some(exit(3, None, false)),
                true,
                Some(3),
                ReasonCode::Error,
                "exit code 3",
            ),
            (
                Some(exit(137, Some(9), false)),
                true,
                Some(137),
                ReasonCode::Error,
                "SIGKILL",
            ),
            (
                Some(exit(137, Some(9), true)),
                true,
                Some(137),
                ReasonCode::OomKilled,
                "memory",
            ),
            (
                Some(exit(170, Some(42), false)),
                false,
                Some(170),
                ReasonCode::Error,
                "signal 42",
            ),
            (None, true, None, ReasonCode::SupervisorLost, "watches"),
            (None, false, None, ReasonCode::SupervisorLost, "restarted"),
        ] {
            let state = exited(note.as_ref(), same_machine, "tail".to_owned());
            let BootState::Exited {
                reason,
                code: found,
                log_tail,
            } = state
            else {
                panic!("{state:?}");
            };
            assert_eq!(
                (reason.code, found, log_tail.as_str()),
                (expected, code, "tail")
            );
            assert!(reason.message.contains(word), "{}", reason.message);
        }
    }
}
