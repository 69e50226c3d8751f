//! `pinfold sandboxes exec ID -- CMD…`: a command in a sandbox, by way of its agent server.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use runtime_api::client::Client;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::CommandError;
use super::output::{print, print_error};

/// How the agent server (1.58) runs one command.
const PATH: &str = "/api/bash/execute_bash_command";
/// What the call may take beside the command.
const OVERHEAD: Duration = Duration::from_secs(15);

#[derive(Debug, Args)]
pub(super) struct Exec {
    /// A sandbox's id, or its session's
    id: String,
    /// Where the command runs, in the terms of the sandbox
    #[arg(long, value_name = "DIR")]
    cwd: Option<String>,
    /// How long it may run, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u32,
    /// The command: one argument is a line for the shell, several are the words of a program
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cwd: Option<&'a str>,
    timeout: u32,
}

#[derive(Debug, Deserialize)]
struct Output {
    exit_code: Option<i32>,
    stdout: Option<String>,
    stderr: Option<String>,
}

impl Exec {
    pub(super) async fn run(self, client: &Client, json: bool) -> Result<ExitCode, CommandError> {
        let runtime = client.runtime(&self.id).await;
        let runtime = runtime.map_err(CommandError::of(format!("cannot look up {}", self.id)))?;
        let agent = Client::builder(&runtime.url)
            .session_api_key(&runtime.session_api_key)
            .time_out(Duration::from_secs(self.timeout.into()) + OVERHEAD)
            .build()?;
        let request = Request {
            command: &line(&self.command),
            cwd: self.cwd.as_deref(),
            timeout: self.timeout,
        };
        let answer: Box<RawValue> =
            agent
                .post_json(PATH, &request)
                .await
                .map_err(CommandError::of(format!(
                    "cannot run a command in {}",
                    self.id
                )))?;
        let output: Output =
            serde_json::from_str(answer.get()).map_err(|source| CommandError::Output { source })?;
        if json {
            print(&format!("{}\n", answer.get()))?;
        } else {
            print(output.stdout.as_deref().unwrap_or_default())?;
            print_error(output.stderr.as_deref().unwrap_or_default())?;
        }
        let code = output.exit_code.ok_or(CommandError::NotEnded)?;
        Ok(ExitCode::from(shell_code(code)))
    }
}

/// One argument is a line for the shell as it is; several are words, quoted so that the shell keeps them.
fn line(command: &[String]) -> String {
    match command {
        [line] => line.clone(),
        words => words
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A word in single quotes, where the shell would see more in it than letters.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Python's -15 for the end by signal 15 is 143 for a shell.
fn shell_code(code: i32) -> u8 {
    let code = if code < 0 {
        code.saturating_neg().saturating_add(128)
    } else {
        code
    };
    u8::try_from(code).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        let shell_line = |words: &[&str]| {
            line(
                &words
                    .iter()
                    .map(|&word| word.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(shell_line(&["ls -l | wc"]), "ls -l | wc");
        assert_eq!(shell_line(&["ls", "-l", "/tmp"]), "ls -l /tmp");
        assert_eq!(
            shell_line(&["echo", "a b", "it's", "$HOME", ""]),
            r"echo 'a b' 'it'\''s' '$HOME' ''"
        );
    }

    #[test]
    fn the_exit_code_is_the_shells() {
        for (code, shown) in [
            (0, 0),
            (7, 7),
            (255, 255),
            (-15, 143),
            (-9, 137),
            (1000, 255),
        ] {
            assert_eq!(shell_code(code), shown);
        }
    }
}
