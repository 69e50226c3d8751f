//! `cargo xtask demo`: a sandbox, all the way, step by step.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::command;
use crate::http;
use crate::interrupt::Interrupt;
use crate::parts::agent_server::{self, Environment};
use crate::parts::server::{Launch, Server};
use crate::step::{Steps, say};
use crate::wait::wait_for;
use crate::workspace::{cargo, server_binary};

/// Where the API listens, if nobody else does.
const PORT: u16 = 9000;
/// A first build of everything on two slow cores.
const BUILD: Duration = Duration::from_secs(3600);
/// The longest that any call of the API takes (contract 1, rule 11).
const CALL: Duration = Duration::from_secs(10);
/// What released clients wait for a sandbox at most (contract 5.1, rule 7).
const START: Duration = Duration::from_secs(300);
const COMMAND: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// End after the steps instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Leave the sandbox running and the data where it is
    #[arg(long)]
    keep: bool,
    /// Build and run the server as it is released
    #[arg(long)]
    release: bool,
}

/// Where the server keeps its data: removed when dropped, unless it was kept.
#[derive(Debug)]
enum Home {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Home {
    fn make(keep: bool) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("pinfold-demo-")
            .tempdir()
            .context("cannot make a directory")?;
        Ok(if keep {
            Self::Kept(dir.keep())
        } else {
            Self::Temporary(dir)
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept(path) => path,
        }
    }
}

/// What `/start` told about our sandbox.
#[derive(Debug)]
struct Sandbox {
    id: String,
    url: String,
    key: String,
}

/// Runs the demonstration.
///
/// # Errors
/// The first step that failed, with the last lines of the server's log where it was running.
pub(crate) fn run(options: &Options, interrupt: &Interrupt) -> Result<()> {
    let mut steps = Steps::begin();
    let (binary, environment) = prepare(&mut steps, options.release, interrupt)?;
    let home = Home::make(options.keep)?;
    let server = steps.run("start the server", || {
        let launch = Launch {
            binary: &binary,
            path: environment.path()?,
            home: home.path(),
            port: Some(PORT),
            config: None,
            variables: &[],
        };
        let server = Server::start(launch, interrupt)?;
        say(format_args!("    it listens on {}", server.url()))?;
        Ok(server)
    })?;

    let shown = show(&mut steps, &server, options, &environment, interrupt)
        .map_err(|error| server.explain(&error));
    let ended = if options.keep {
        leave(server, &binary, &environment)
    } else {
        clean_up(&mut steps, server)
    };
    say(steps.summary())?;
    shown.and(ended)
}

fn prepare(
    steps: &mut Steps,
    release: bool,
    interrupt: &Interrupt,
) -> Result<(PathBuf, Environment)> {
    steps.run("build the server", || {
        let mut build = cargo(["build", "--quiet", "-p", "server"]);
        if release {
            build.arg("--release");
        }
        command::run(&mut build, BUILD, interrupt, |_| false)
    })?;
    let environment = steps.run("make the agent-server's environment", || {
        Environment::prepare(interrupt)
    })?;
    Ok((
        server_binary(if release { "release" } else { "debug" }),
        environment,
    ))
}

/// The steps that use the running server, and the time in which others may.
fn show(
    steps: &mut Steps,
    server: &Server,
    options: &Options,
    environment: &Environment,
    interrupt: &Interrupt,
) -> Result<()> {
    let sandbox = steps.run("POST /start", || start(server))?;
    steps.run("wait until the sandbox runs", || {
        wait_running(server, &sandbox, interrupt)
    })?;
    steps.run("run a command in it", || execute(&sandbox))?;
    say(instructions(server, &sandbox, environment))?;
    if options.once {
        return Ok(());
    }
    say("Serving until Ctrl-C.")?;
    let forever = Duration::MAX;
    // The interruption is what we wait for here, so it is no failure.
    let served = wait_for("Ctrl-C", forever, &Interrupt::never(), || {
        if interrupt.asked() {
            return Ok(ControlFlow::Break(()));
        }
        let health = http::get(&format!("{}/health", server.url()), &[], CALL);
        ensure!(
            health.is_ok_and(|reply| reply.status == 200),
            "the server does not answer any more"
        );
        Ok(ControlFlow::Continue(String::new()))
    });
    say("")?;
    served
}

fn start(server: &Server) -> Result<Sandbox> {
    let body = json!({
        "image": agent_server::image(),
        "command": "/usr/local/bin/openhands-agent-server --port 60000",
        "working_dir": "/workspace",
        "session_id": "demo",
        // Without it, the agent-server asks the internet for prices of language models when it boots.
        "environment": {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    });
    let reply = http::post(
        &format!("{}/start", server.url()),
        &[("X-API-Key", server.key())],
        &body,
        CALL,
    )?;
    let runtime = reply.json(201)?;
    let sandbox = Sandbox {
        id: text(&runtime, "runtime_id")?,
        url: text(&runtime, "url")?,
        key: text(&runtime, "session_api_key")?,
    };
    say(format_args!(
        "    {} is {}",
        sandbox.id,
        text(&runtime, "status")?
    ))?;
    Ok(sandbox)
}

fn wait_running(server: &Server, sandbox: &Sandbox, interrupt: &Interrupt) -> Result<()> {
    let url = format!("{}/runtime/{}", server.url(), sandbox.id);
    wait_for("the sandbox to run", START, interrupt, || {
        let runtime = http::get(&url, &[("X-API-Key", server.key())], CALL)?.json(200)?;
        let detail = runtime
            .get("status_detail")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match text(&runtime, "status")?.as_str() {
            "running" => Ok(ControlFlow::Break(())),
            "starting" => Ok(ControlFlow::Continue(format!("starting {detail}"))),
            other => {
                let logs = runtime
                    .get("pod_logs")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                bail!("the sandbox is {other}: {detail}\n{logs}")
            }
        }
    })
}

/// Over the sandbox's own URL, as a client does: the gateway leads it to the agent-server.
fn execute(sandbox: &Sandbox) -> Result<()> {
    let body = json!({"command": "echo \"hello from $(uname -sr), in $PWD\"", "timeout": 30});
    let url = format!("{}/api/bash/execute_bash_command", sandbox.url);
    let output =
        http::post(&url, &[("X-Session-API-Key", &sandbox.key)], &body, COMMAND)?.json(200)?;
    let exit = output.get("exit_code").and_then(Value::as_i64);
    ensure!(exit == Some(0), "the command ended with {output}");
    say(format_args!("    {}", text(&output, "stdout")?.trim_end()))
}

fn text(object: &Value, field: &str) -> Result<String> {
    let value = object.get(field).and_then(Value::as_str);
    Ok(value
        .with_context(|| format!("no text in `{field}` of {object}"))?
        .to_owned())
}

fn instructions(server: &Server, sandbox: &Sandbox, environment: &Environment) -> String {
    format!(
        r#"
API      {api}
  key    {key}
sandbox  {url}
  key    {session_key}

With the released SDK ({python}):

    from openhands.workspace import APIRemoteWorkspace

    with APIRemoteWorkspace(
        runtime_api_url="{api}",
        runtime_api_key="{key}",
        server_image="{image}",
        # session_id="demo", keep_alive=True,   # the sandbox above instead of a new one
    ) as workspace:
        print(workspace.execute_command("uname -a").stdout)
"#,
        api = server.url(),
        key = server.key(),
        url = sandbox.url,
        session_key = sandbox.key,
        image = agent_server::image(),
        python = environment.python().display(),
    )
}

fn clean_up(steps: &mut Steps, server: Server) -> Result<()> {
    steps.run("stop what was started", || server.stop_with_sandboxes())
}

/// Ends the server alone and says how to go on with what it leaves.
fn leave(server: Server, binary: &Path, environment: &Environment) -> Result<()> {
    let how = format!(
        "The sandbox goes on. To serve it again:\n\n    PATH={bin}:$PATH PINFOLD_API_KEY={key} \\\n    \
         {binary} serve --listen {address} --data-dir {data}\n\n\
         and to end it, while that runs:\n\n    PINFOLD_API_KEY={key} {binary} sandboxes stop --all --url {url}\n",
        bin = environment.bin().display(),
        key = server.key(),
        binary = binary.display(),
        address = server.url().trim_start_matches("http://"),
        data = server.data_dir().display(),
        url = server.url(),
    );
    server.stop()?;
    say(how)
}
