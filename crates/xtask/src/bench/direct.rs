//! An agent started without a server: what its boot costs by itself.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Signal, getpid, kill_process_group};
use serde_json::Value;

use super::connection::{Connection, request};
use crate::command::pid;
use crate::interrupt::Interrupt;
use crate::parts::processes;
use crate::wait::{wait_closely, wait_for};

/// How often it is asked whether it is alive.
const PAUSE: Duration = Duration::from_millis(2);
/// For it to answer at all.
const BOOT: Duration = Duration::from_secs(120);
/// From SIGTERM to SIGKILL, and for what it left behind.
const PATIENCE: Duration = Duration::from_secs(15);

/// Starts `program` in the new directory `home`, as the local backend does it, and gives the time until its `/alive`
/// answers 200. It is ended before this returns.
///
/// # Errors
/// It cannot be started, ends by itself, or does not answer in time.
pub(crate) fn boot(
    program: &[OsString],
    home: &Path,
    path: &OsString,
    interrupt: &Interrupt,
) -> Result<Duration> {
    fs::create_dir_all(home.join("workspace"))?;
    fs::create_dir_all(home.join("tmp"))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (name, arguments) = program.split_first().context("no program")?;
    let log = File::create(home.join("log"))?;
    let mut command = Command::new(name);
    command
        .args(arguments)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .env_clear()
        .envs(environment(home, path))
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0);

    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", name.display()))?;
    let url = format!("http://127.0.0.1:{port}");
    let get = request("GET", &url, "/alive", &[], &Value::Null)?;
    let alive = wait_closely("the agent to be alive", PAUSE, BOOT, interrupt, || {
        if let Some(status) = child.try_wait()? {
            bail!("the agent ended with {status}");
        }
        let asked = Connection::open(&url)
            .and_then(|mut connection| connection.send(&get)?.expect(200).map(drop));
        Ok(match asked {
            Ok(()) => ControlFlow::Break(began.elapsed()),
            Err(error) => ControlFlow::Continue(format!("{error:#}")),
        })
    });
    end(&mut child)?;
    processes::must_be_gone(home, getpid(), PATIENCE)?;
    alive
}

/// What the local backend gives to a sandbox whose client gave nothing (`backend-local/src/environment.rs`).
fn environment(home: &Path, path: &OsString) -> Vec<(&'static str, OsString)> {
    let inside = |name: &str| home.join(name).into_os_string();
    vec![
        ("PATH", path.clone()),
        ("LANG", "C.UTF-8".into()),
        ("HOME", home.into()),
        ("TMPDIR", inside("tmp")),
        ("TMUX_TMPDIR", inside("tmp")),
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True".into()),
        ("OPENHANDS_SUPPRESS_BANNER", "1".into()),
        ("OH_CONVERSATIONS_PATH", inside("workspace/conversations")),
        ("OH_BASH_EVENTS_DIR", inside("workspace/bash_events")),
        ("OH_SESSION_API_KEYS_0", "benchmark-session-key".into()),
        ("OH_SECRET_KEY", "benchmark-secret-key".into()),
    ]
}

fn end(child: &mut Child) -> Result<()> {
    let group = pid(child)?;
    // A group that is gone already is what we want.
    kill_process_group(group, Signal::TERM).ok();
    let ended = wait_for("the agent to end", PATIENCE, &Interrupt::never(), || {
        Ok(match child.try_wait()? {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue("it runs after SIGTERM".to_owned()),
        })
    });
    kill_process_group(group, Signal::KILL).ok();
    child.wait()?;
    ended
}
