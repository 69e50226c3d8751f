//! A command in the background of a sandbox that counts until it is told to end, into a file and into the sandbox's log.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::interrupt::Interrupt;
use crate::wait::wait_for;

use super::sandbox::Sandbox;
use super::socket::Socket;

/// Begins each line of it.
const WORD: &str = "counted ";
/// How it ends: no status that anything else ends with.
pub(super) const STATUS: i64 = 7;
/// Five numbers a second until there is the file `enough`. Standard output of the agent-server, whose child the shell
/// is, is the sandbox's log.
const SCRIPT: &str = "log=/proc/$PPID/fd/1; i=0; \
    while [ ! -e enough ]; do i=$((i+1)); echo \"counted $i\" >>counted; echo \"counted $i\" >$log; sleep 0.2; done; \
    exit 7";

/// The running command.
#[derive(Debug)]
pub(super) struct Counting {
    /// By which the agent-server tells of it.
    pub(super) id: String,
    /// Where it counts, as this machine sees it.
    file: PathBuf,
}

impl Counting {
    pub(super) fn begin(sandbox: &Sandbox) -> Result<Self> {
        let workspace = sandbox.run("pwd -P")?;
        Ok(Self {
            id: sandbox.begin(SCRIPT)?,
            file: PathBuf::from(workspace.trim()).join("counted"),
        })
    }

    /// Waits until the WebSocket tells that it began.
    pub(super) fn wait_begun(&self, socket: &mut Socket) -> Result<()> {
        socket.hear("the begin of the command", |event| {
            event.get("kind").is_some_and(|kind| kind == "BashCommand")
                && event.get("id").is_some_and(|id| *id == self.id)
        })?;
        Ok(())
    }

    /// Waits until it counted this much more than now.
    pub(super) fn wait_further(&self, more: u32, interrupt: &Interrupt) -> Result<()> {
        let begin = self.last()?;
        wait_for("the command to count", super::SOON, interrupt, || {
            let last = self.last()?;
            Ok(if last >= begin + more {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(format!("{last} after {begin}"))
            })
        })
    }

    /// Tells it to end, and gives the exit status that the agent-server tells on the WebSocket.
    pub(super) fn end(&self, sandbox: &Sandbox, socket: &mut Socket) -> Result<Option<i64>> {
        sandbox.run("touch enough")?;
        let output = socket.hear("the end of the command", |event| {
            event.get("command_id").is_some_and(|id| *id == self.id)
        })?;
        Ok(output.get("exit_code").and_then(serde_json::Value::as_i64))
    }

    /// How far it has come, as its file tells: without a gap.
    pub(super) fn last(&self) -> Result<u32> {
        let written = match fs::read_to_string(&self.file) {
            Ok(written) => written,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error).context("cannot read what the command writes"),
        };
        without_gap(&written)
    }
}

/// The last number of those that stand in a text, which must be all from 1 on.
///
/// The agent-server writes in between, and not always whole lines; a number is always written with the end of its line.
pub(super) fn without_gap(text: &str) -> Result<u32> {
    let mut last = 0;
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let number = line
            .rsplit_once(WORD)
            .and_then(|(_, number)| number.trim_end().parse::<u32>().ok());
        if let Some(number) = number {
            ensure!(number == last + 1, "{number} follows on {last}");
            last = number;
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_amid_other_lines() {
        let text = "booted\ncounted 1\nGET /alicounted 2\nve 200\ncounted $i\ncounted 3\ncounted 4";
        assert_eq!(without_gap(text).unwrap(), 3);
        assert_eq!(without_gap("").unwrap(), 0);
    }

    #[test]
    fn a_gap_or_a_repetition_is_told() {
        for (text, told) in [
            ("counted 1\ncounted 3\n", "3 follows on 1"),
            ("counted 1\ncounted 1\n", "1 follows on 1"),
            ("counted 2\n", "2 follows on 0"),
        ] {
            assert_eq!(without_gap(text).unwrap_err().to_string(), told);
        }
    }

    #[test]
    fn the_script_says_and_ends_as_the_checks_expect() {
        assert!(SCRIPT.contains(&format!("\"{WORD}$i\"")));
        assert!(SCRIPT.ends_with(&format!("exit {STATUS}")));
    }
}
