//! Processes that have to do with a directory: how we see that nothing outlives a sandbox.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::interrupt::Interrupt;
use crate::wait::wait_for;

/// Waits until no process but `except` has to do with `dir`; kills those that stay, and says so.
///
/// # Errors
/// Some had to be killed: their pids and command lines.
pub(crate) fn must_be_gone(dir: &Path, except: Pid, bound: Duration) -> Result<()> {
    // Cleaning up goes on after Ctrl-C.
    let gone = wait_for(
        "the sandboxes' processes to end",
        bound,
        &Interrupt::never(),
        || {
            let left = living_in(dir, except);
            Ok(if left.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(describe(&left))
            })
        },
    );
    let Err(error) = gone else { return Ok(()) };
    for (pid, _) in living_in(dir, except) {
        // It may have ended by itself just now.
        kill_process(pid, Signal::KILL).ok();
    }
    bail!("{error}; killed them")
}

/// Pids and command lines.
pub(crate) fn describe(processes: &[(Pid, String)]) -> String {
    let each: Vec<_> = processes
        .iter()
        .map(|(pid, command)| format!("{} ({command})", pid.as_raw_nonzero()))
        .collect();
    each.join(", ")
}

/// Processes with this text in their environment or on their command line, ourselves excepted.
///
/// For a name that nothing else has, such as the id of a sandbox: its shim has it, and whatever is born into it.
pub(crate) fn naming(text: &str) -> Vec<(Pid, String)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            // Both are empty for a zombie; the environment also for a process that is not ours to look into.
            let command = fs::read(entry.path().join("cmdline")).ok()?;
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let named = [&command, &environment]
                .iter()
                .any(|bytes| contains(bytes, text.as_bytes()));
            (named && pid != getpid()).then(|| (pid, readable(&command)))
        })
        .collect()
}

/// A command line with spaces between its words.
fn readable(command: &[u8]) -> String {
    String::from_utf8_lossy(command)
        .replace('\0', " ")
        .trim_end()
        .to_owned()
}

/// Processes that work in `dir` or name it on their command line, a person's shell and pager excepted.
fn living_in(dir: &Path, except: Pid) -> Vec<(Pid, String)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            let command = fs::read(entry.path().join("cmdline")).ok()?;
            // Of a zombie only the empty command line is left; it counts for nothing.
            let works_there =
                fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
            let names_it = contains(&command, dir.as_os_str().as_bytes());
            let concerned =
                pid != except && (works_there || names_it) && !has_terminal(&entry.path());
            concerned.then(|| (pid, readable(&command)))
        })
        .collect()
}

/// What a sandbox runs has no controlling terminal, or one whose master is a process without.
fn has_terminal(process: &Path) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    // After the name, which may hold anything: state, parent, group, session, terminal (proc_pid_stat(5)).
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
    fields
        .and_then(|fields| fields.split_whitespace().nth(4))
        .is_some_and(|terminal| terminal != "0")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;
    use crate::command::pid;

    const BOUND: Duration = Duration::from_secs(30);

    /// A process in `dir` and in a session of its own, like a sandbox's.
    fn spawn_in(dir: &Path) -> Child {
        let child = Command::new("setsid")
            .args(["sleep", "600"])
            .current_dir(dir)
            .spawn()
            .unwrap();
        wait_for("it to sleep", BOUND, &Interrupt::never(), || {
            let seen = describe(&living_in(dir, getpid()));
            Ok(if seen.contains("(sleep 600)") {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(seen)
            })
        })
        .unwrap();
        child
    }

    #[test]
    fn a_process_that_stays_is_named_and_killed() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = spawn_in(dir.path());
        let other = getpid();

        let error = must_be_gone(dir.path(), other, Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("{} (sleep 600)", child.id())),
            "{error}"
        );
        child.wait().unwrap();
        must_be_gone(dir.path(), other, BOUND).unwrap();
    }

    #[test]
    fn the_excepted_process_may_stay() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = spawn_in(dir.path());
        must_be_gone(dir.path(), pid(&child).unwrap(), Duration::ZERO).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_process_is_found_by_its_environment_and_by_its_command_line() {
        let names = ["named-by-environment", "6000.5"];
        let mut child = Command::new("sleep")
            .arg(names[1])
            .env("NAME", names[0])
            .spawn()
            .unwrap();
        let own = pid(&child).unwrap();
        for name in names {
            wait_for("it to sleep", BOUND, &Interrupt::never(), || {
                let seen = naming(name);
                Ok(if seen == [(own, "sleep 6000.5".to_owned())] {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(describe(&seen))
                })
            })
            .unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(naming(names[0]).is_empty());
    }
}
