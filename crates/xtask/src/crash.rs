//! `cargo xtask crash`: `kill -9` of the server amid sandboxes of the released agent-server.
//!
//! One story. Of four sandboxes one runs a command while a client listens on a WebSocket, one is paused, one starts and
//! one stops when the server is killed. Then come the checks, first of what lives on without a server and then of what a
//! new server on the same directory makes of it. The test with the tiny program (`crates/server/tests/faults/`) does the
//! same with more sandboxes and at many moments; what this one adds is the real agent-server.

mod checks;
mod counting;
mod outage;
mod restart;
mod sandbox;
mod socket;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::command;
use crate::interrupt::Interrupt;
use crate::parts::agent_server::Environment;
use crate::parts::processes;
use crate::parts::server::{Launch, Server};
use crate::step::{Steps, say};
use crate::wait::wait_for;
use crate::workspace::{cargo, server_binary};

use self::checks::Checks;
use self::counting::Counting;
use self::sandbox::Sandbox;
use self::socket::Socket;

/// A first build of everything on two slow cores.
const BUILD: Duration = Duration::from_secs(3600);
/// What is waited for as long as nothing is booted: processes that come, go or write.
const SOON: Duration = Duration::from_secs(60);
/// No answer waits for what it leads to, so that the kill comes amid it. And ports that no server with defaults takes:
/// between kill and restart they are anybody's.
const CONFIG: &str = "hold = \"0s\"\n\
    [operator]\nlisten = \"127.0.0.1:0\"\n\
    [gateway]\nports = \"9600-9699\"\n\
    [local]\nports = \"9700-9799\"\ngrace = \"10s\"\n";

/// Builds the server and tells the story.
///
/// # Errors
/// The step that failed.
pub(crate) fn run(interrupt: &Interrupt) -> Result<()> {
    let mut steps = Steps::begin();
    steps.run("build the server", || {
        let mut build = cargo(["build", "--quiet", "-p", "server"]);
        command::run(&mut build, BUILD, interrupt, |_| false)
    })?;
    let environment = steps.run("make the agent-server's environment", || {
        Environment::prepare(interrupt)
    })?;
    let told = step(&mut steps, &environment, interrupt);
    say(steps.summary())?;
    told
}

/// The story as one step of others, with the server of the debug build.
///
/// # Errors
/// A check failed, or the story did not come so far.
pub(crate) fn step(
    steps: &mut Steps,
    environment: &Environment,
    interrupt: &Interrupt,
) -> Result<()> {
    steps.run_tests("kill -9 of the server amid agent-servers", || {
        let home = tempfile::Builder::new()
            .prefix("pinfold-crash-")
            .tempdir()
            .context("cannot make a directory")?;
        tell(home.path(), environment, interrupt)
    })
}

/// The closing line of a story without a failed check.
fn tell(home: &Path, environment: &Environment, interrupt: &Interrupt) -> Result<Vec<String>> {
    let (binary, config) = (server_binary("debug"), home.join("pinfold.toml"));
    fs::write(&config, CONFIG).context("cannot write the configuration")?;
    let path = environment.path()?;
    let start = || {
        let launch = Launch {
            binary: &binary,
            path: path.clone(),
            home,
            port: None,
            config: Some(&config),
            variables: &[],
        };
        Server::start(launch, interrupt)
    };
    let mut checks = Checks::begin(interrupt);
    let mut server = start()?;
    // Whatever happens in it, what was started is stopped: by the server that runs then, or by hand.
    let told = (|| {
        let mut before = Before::prepare(&server, interrupt)?;
        before.kill(&mut server)?;
        outage::check(&mut checks, &server, &mut before, interrupt)?;
        server = start()?;
        restart::check(&mut checks, &server, &before, interrupt)?;
        Ok(before)
    })();
    let before = match told {
        Ok(before) => before,
        Err(error) => {
            let error = server.explain(&error);
            server.stop_with_sandboxes().ok();
            return Err(error);
        }
    };
    if checks.any_failed() {
        say(server.explain(&anyhow!("some checks failed")))?;
    }
    let data = server.data_dir();
    checks.check("after_a_stop_of_all_nothing_is_left", || {
        server.stop_with_sandboxes()?;
        let ids = before.sandboxes().map(|sandbox| sandbox.id.as_str());
        for name in ids.into_iter().chain([path_text(&data)?]) {
            // A shim ends a moment after what it watched over.
            wait_for("the last processes to end", SOON, interrupt, || {
                let left = processes::naming(name);
                Ok(if left.is_empty() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(processes::describe(&left))
                })
            })?;
        }
        Ok(())
    })?;
    checks.close()
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str()
        .context("the directory has no name that is text")
}

/// What there is when the server is killed.
struct Before {
    counter: Sandbox,
    /// The agent-server of the counter.
    agent: Pid,
    counting: Counting,
    socket: Socket,
    paused: Sandbox,
    starting: Sandbox,
    /// The shim and the agent of the starting one.
    booting: Vec<Pid>,
    stopping: Sandbox,
}

/// What the paused one keeps.
const KEPT: &str = "kept over the crash";

impl Before {
    fn prepare(server: &Server, interrupt: &Interrupt) -> Result<Self> {
        let [counter, paused, stopping] =
            ["counter", "paused", "stopping"].map(|session| Sandbox::start(server, session));
        let (counter, paused, stopping) = (counter?, paused?, stopping?);
        for sandbox in [&counter, &paused, &stopping] {
            sandbox.wait_for(server, "running", interrupt)?;
        }
        say("three agent-servers run")?;

        paused.run(&format!("echo '{KEPT}' >kept"))?;
        paused.intend(server, "pause")?;
        paused.wait_for(server, "paused", interrupt)?;
        paused.wait_gone(interrupt)?;

        // A hung agent, so that its stop takes the time of grace.
        kill_process(stopping.agent()?, Signal::STOP).context("cannot halt an agent")?;
        let agent = counter.agent()?;
        let mut socket = Socket::open(&counter)?;
        let counting = Counting::begin(&counter)?;
        counting.wait_begun(&mut socket)?;
        counting.wait_further(5, interrupt)?;

        let starting = Sandbox::start(server, "starting")?;
        let booting = wait_for("the boot of the fourth", SOON, interrupt, || {
            let seen = processes::naming(&starting.id);
            // The shim, the agent-server that it started, and nothing that comes and goes.
            Ok(if seen.len() != 2 {
                ControlFlow::Continue(processes::describe(&seen))
            } else {
                ControlFlow::Break(seen.into_iter().map(|(pid, _)| pid).collect())
            })
        })?;
        stopping.intend(server, "stop")?;
        Ok(Self {
            counter,
            agent,
            counting,
            socket,
            paused,
            starting,
            booting,
            stopping,
        })
    }

    /// The kill, which came amid the start and the stop or shows nothing.
    fn kill(&self, server: &mut Server) -> Result<()> {
        let status = self.starting.status(server)?;
        server.kill()?;
        ensure!(
            status == "starting",
            "the fourth was {status} before the kill"
        );
        ensure!(
            !processes::naming(&self.stopping.id).is_empty(),
            "the stop was over before the kill"
        );
        say("killed the server")
    }

    fn sandboxes(&self) -> [&Sandbox; 4] {
        [&self.counter, &self.paused, &self.starting, &self.stopping]
    }
}
