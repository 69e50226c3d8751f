//! A sandbox as its client knows it: over the API by its id, over its own URL by its session key.

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Pid;
use serde_json::{Value, json};

use crate::http;
use crate::interrupt::Interrupt;
use crate::parts::agent_server;
use crate::parts::processes;
use crate::parts::server::Server;
use crate::wait::wait_for;

/// The longest that any call of the API takes (contract 1, rule 11), and room for a loaded machine.
const CALL: Duration = Duration::from_secs(30);
/// For a command in a sandbox.
const COMMAND: Duration = Duration::from_secs(60);
/// What released clients wait for a sandbox at most (contract 5.1, rule 7).
const CHANGE: Duration = Duration::from_secs(300);
/// The most that can be asked of a log, in bytes.
const LOG: u32 = 4 << 20;

/// What a client holds on to, so that it must not change. Without `Debug`, because of the key.
pub(super) struct Sandbox {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) key: String,
}

impl Sandbox {
    /// Asks for one; it starts when this returns.
    pub(super) fn start(server: &Server, session: &str) -> Result<Self> {
        let body = json!({
            "image": agent_server::image(),
            "command": "/usr/local/bin/openhands-agent-server --port 60000",
            "working_dir": "/workspace",
            "session_id": session,
            // Without it, the agent-server asks the internet for prices of language models when it boots.
            "environment": {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        });
        let runtime = post(server, "start", &body)?.json(201)?;
        Ok(Self {
            id: text(&runtime, "runtime_id")?,
            url: text(&runtime, "url")?,
            key: text(&runtime, "session_api_key")?,
        })
    }

    /// Asks for `pause`, `resume` or `stop`.
    pub(super) fn intend(&self, server: &Server, what: &str) -> Result<()> {
        let reply = post(server, what, &json!({"runtime_id": self.id}))?;
        reply.json(200).map(drop)
    }

    /// The runtime object, whose id, URL and key must be the old ones.
    pub(super) fn look(&self, server: &Server) -> Result<Value> {
        let runtime = get(server, &format!("runtime/{}", self.id))?;
        ensure!(
            text(&runtime, "runtime_id")? == self.id,
            "another id: {runtime}"
        );
        ensure!(text(&runtime, "url")? == self.url, "another URL: {runtime}");
        ensure!(
            text(&runtime, "session_api_key")? == self.key,
            "{} has another key",
            self.id
        );
        Ok(runtime)
    }

    pub(super) fn status(&self, server: &Server) -> Result<String> {
        text(&self.look(server)?, "status")
    }

    /// Waits for a status, which comes without an error on the way.
    pub(super) fn wait_for(
        &self,
        server: &Server,
        status: &str,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let what = format!("{} to be {status}", self.id);
        wait_for(&what, CHANGE, interrupt, || {
            let runtime = self.look(server)?;
            let seen = text(&runtime, "status")?;
            if seen == status {
                return Ok(ControlFlow::Break(()));
            }
            let detail = runtime.get("status_detail").and_then(Value::as_str);
            let seen = format!("{seen} {}", detail.unwrap_or_default());
            if seen.starts_with("error") {
                bail!("{} is in {seen}", self.id);
            }
            Ok(ControlFlow::Continue(seen))
        })
    }

    /// Waits until none of its processes is left.
    pub(super) fn wait_gone(&self, interrupt: &Interrupt) -> Result<()> {
        let what = format!("the processes of {} to end", self.id);
        wait_for(&what, super::SOON, interrupt, || {
            let left = processes::naming(&self.id);
            Ok(if left.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(processes::describe(&left))
            })
        })
    }

    /// It runs, and in the boot that it had before the kill.
    pub(super) fn must_not_have_restarted(&self, server: &Server) -> Result<()> {
        let runtime = self.look(server)?;
        let restarts = runtime.get("restart_count").and_then(Value::as_u64);
        ensure!(restarts == Some(0), "restarts: {restarts:?}");
        let status = text(&runtime, "status")?;
        ensure!(status == "running", "it is {status}");
        Ok(())
    }

    /// All that it wrote.
    pub(super) fn log(&self, server: &Server) -> Result<String> {
        let path = format!("runtime/{}/logs?bytes={LOG}", self.id);
        text(&get(server, &path)?, "logs")
    }

    /// The standard output of a command that must succeed.
    pub(super) fn run(&self, command: &str) -> Result<String> {
        let output = self.ask(
            "execute_bash_command",
            &json!({"command": command, "timeout": 30}),
        )?;
        let exit = output.get("exit_code").and_then(Value::as_i64);
        ensure!(exit == Some(0), "{command:?} ended with {output}");
        Ok(output
            .get("stdout")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned())
    }

    /// The id of a command that goes on in the background, for ten minutes at most.
    pub(super) fn begin(&self, command: &str) -> Result<String> {
        let begun = self.ask(
            "start_bash_command",
            &json!({"command": command, "timeout": 600}),
        )?;
        text(&begun, "id")
    }

    fn ask(&self, route: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/bash/{route}", self.url);
        http::post(&url, &[("X-Session-API-Key", &self.key)], body, COMMAND)?.json(200)
    }

    /// The process of its agent-server, which is the parent of what it runs.
    pub(super) fn agent(&self) -> Result<Pid> {
        let pid = self.run("echo $PPID")?;
        Pid::from_raw(pid.trim().parse()?).context("the agent has no pid")
    }
}

/// The ids of the live sandboxes.
pub(super) fn live(server: &Server) -> Result<Vec<String>> {
    let list = get(server, "list")?;
    let runtimes = list.get("runtimes").and_then(Value::as_array);
    runtimes
        .context("/list has no runtimes")?
        .iter()
        .map(|runtime| text(runtime, "runtime_id"))
        .collect()
}

fn get(server: &Server, path: &str) -> Result<Value> {
    let url = format!("{}/{path}", server.url());
    http::get(&url, &[("X-API-Key", server.key())], CALL)?.json(200)
}

fn post(server: &Server, path: &str, body: &Value) -> Result<http::Reply> {
    let url = format!("{}/{path}", server.url());
    http::post(&url, &[("X-API-Key", server.key())], body, CALL)
}

/// A field of an object, which is not shown because it may hold a key.
pub(super) fn text(object: &Value, field: &str) -> Result<String> {
    let value = object.get(field).and_then(Value::as_str);
    Ok(value
        .with_context(|| format!("the answer has no text in `{field}`"))?
        .to_owned())
}
