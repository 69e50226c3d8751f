//! Processes that the agent starts: commands, and one that stays behind.

use std::io::{self, Read as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use crate::message::{Connection, Next, Request};

/// Longer than any test, shorter than a machine that is forgotten with a daemon on it.
const DAEMON_LIFE: Duration = Duration::from_secs(600);

/// Runs the body with `sh` in the working directory and streams what it writes; the last line tells how it ended. A
/// command goes on when nobody listens any more.
pub(crate) fn exec(mut connection: Connection, request: &Request) -> io::Result<Next> {
    let mut script = b"exec 2>&1\n".to_vec();
    connection.read_body(request, |part| script.extend_from_slice(part))?;
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(String::from_utf8_lossy(&script).as_ref())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut listening = connection.begin_chunks("text/plain");
    if let Some(mut output) = child.stdout.take() {
        let mut buffer = [0; 4 << 10];
        loop {
            let length = output.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            if listening.is_ok() {
                listening = connection.chunk(buffer.get(..length).unwrap_or_default());
            }
        }
    }
    let ended = child.wait()?;
    listening?;
    connection.chunk(format!("{ended}\n").as_bytes())?;
    connection.chunk(b"")?;
    Ok(Next::Request(connection))
}

/// Answers with the pid of a process that is neither our child nor in our group or session.
pub(crate) fn spawn_daemon(connection: Connection) -> io::Result<Next> {
    let between = Command::new(std::env::current_exe()?)
        .arg("--between")
        .stderr(Stdio::null())
        .output()?;
    connection.reply(200, "", between.stdout.trim_ascii())
}

/// What stands between us and the daemon for a moment.
pub(crate) fn start_daemon() -> io::Result<ExitCode> {
    let daemon = Command::new(std::env::current_exe()?)
        .arg("--daemon")
        .stdout(Stdio::null())
        .spawn()?;
    println!("{}", daemon.id());
    Ok(ExitCode::SUCCESS)
}

/// What stays behind.
pub(crate) fn be_daemon() -> io::Result<ExitCode> {
    rustix::process::setsid()?;
    std::thread::sleep(DAEMON_LIFE);
    Ok(ExitCode::SUCCESS)
}
