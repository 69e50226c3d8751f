//! Running a command to its end: its output line by line, its time bounded, its whole group ended with it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;
use crate::step::say;

/// How often a running command is looked after.
const PAUSE: Duration = Duration::from_millis(50);
/// From SIGTERM to SIGKILL for a command that must end.
const PATIENCE: Duration = Duration::from_secs(10);
/// For output that a descendant still holds open when the command itself has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Lines that may wait to be printed.
const LINES: usize = 1024;

/// Runs the command, shows its output, and gives those lines of it that `keep` wants.
///
/// Standard error and, line by line, standard output go to ours; standard input is empty. The command is the leader of
/// its own process group, which is ended when `bound` is over or a signal comes.
///
/// # Errors
/// It cannot be started, ends with another status than 0, takes longer than `bound`, or is interrupted.
pub(crate) fn run(
    command: &mut Command,
    bound: Duration,
    interrupt: &Interrupt,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let lines = read_lines(
        child
            .stdout
            .take()
            .context("the command has no standard output")?,
    );

    let mut kept = Vec::new();
    let mut show = |line: String| -> Result<()> {
        say(&line)?;
        if keep(&line) {
            kept.push(line);
        }
        Ok(())
    };
    let status = loop {
        let why = match lines.recv_timeout(PAUSE) {
            Ok(line) => show(line).err(),
            Err(RecvTimeoutError::Timeout) => None,
            // Not a sleep for its own sake: without output there is nothing else to wait on.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(PAUSE);
                None
            }
        };
        let why = why.or_else(|| interrupt.check().err()).or_else(|| {
            (began.elapsed() > bound).then(|| anyhow!("took longer than {} s", bound.as_secs()))
        });
        if let Some(why) = why {
            end(&mut child)?;
            return Err(why.context(format!("{name} was ended")));
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
    };
    let closing = Instant::now();
    while let Ok(line) = lines.recv_timeout(LAST_WORDS.saturating_sub(closing.elapsed())) {
        show(line)?;
    }
    succeed(&name, status)?;
    Ok(kept)
}

fn succeed(name: &str, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

/// The lines come from a thread of their own, which ends with the pipe.
fn read_lines(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = sync_channel(LINES);
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { return };
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    lines
}

/// SIGTERM to the command's group, SIGKILL to what is left of it.
fn end(child: &mut Child) -> Result<()> {
    let group = pid(child)?;
    let asked = Instant::now();
    // A group that is gone already is what we want.
    kill_process_group(group, Signal::TERM).ok();
    while child.try_wait()?.is_none() && asked.elapsed() < PATIENCE {
        thread::sleep(PAUSE);
    }
    kill_process_group(group, Signal::KILL).ok();
    child.wait()?;
    Ok(())
}

/// The pid of a child as the signal calls take it.
pub(crate) fn pid(child: &Child) -> Result<Pid> {
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .context("the child has no pid")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn it_keeps_the_lines_that_are_wanted() {
        let mut command = shell("echo one; echo two; echo three");
        let kept = run(&mut command, MINUTE, &Interrupt::never(), |line| {
            line.starts_with('t')
        })
        .unwrap();
        assert_eq!(kept, ["two", "three"]);
    }

    #[test]
    fn a_status_other_than_zero_is_an_error() {
        let error = run(&mut shell("exit 3"), MINUTE, &Interrupt::never(), |_| false).unwrap_err();
        assert_eq!(error.to_string(), "sh ended with exit status: 3");
    }

    #[test]
    fn a_command_past_its_bound_is_ended_with_its_children() {
        let began = Instant::now();
        let error = run(
            &mut shell("sleep 600 & sleep 600"),
            Duration::ZERO,
            &Interrupt::never(),
            |_| false,
        );
        assert_eq!(
            format!("{:#}", error.unwrap_err()),
            "sh was ended: took longer than 0 s"
        );
        assert!(began.elapsed() < MINUTE, "the group was waited for");
    }

    #[test]
    fn a_descendant_that_holds_the_output_is_not_waited_for() {
        let kept = run(
            &mut shell("echo said; setsid sleep 600 & echo $!"),
            MINUTE,
            &Interrupt::never(),
            |_| true,
        );
        let kept = kept.unwrap();
        assert_eq!(kept.first().unwrap(), "said");
        // `setsid` in the background leads no group, so it becomes `sleep` without forking: this is its pid.
        let left = Pid::from_raw(kept.last().unwrap().parse().unwrap()).unwrap();
        rustix::process::kill_process(left, Signal::KILL).unwrap();
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(
            &mut Command::new("no-such-program"),
            MINUTE,
            &Interrupt::never(),
            |_| false,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "cannot start no-such-program"
        );
    }
}
