//! What `/start` adds: an agent's boot without a server, and with one, in turns.

use std::ffi::OsString;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::connection::{Connection, request};
use super::report::Report;
use super::times::{Distribution, Times};
use super::{Bench, direct, example};
use crate::parts::agent_server::{self, Environment};
use crate::parts::processes;
use crate::parts::server::Server;
use crate::workspace::server_binary;

/// How often a sandbox is looked at whose start was not held until it ran.
const PAUSE: Duration = Duration::from_millis(10);
/// For a sandbox to run, and for its processes to be gone.
const RUNNING: Duration = Duration::from_secs(120);
const GONE: Duration = Duration::from_secs(60);

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Report> {
    let interrupt = bench.interrupt;
    let environment = bench.steps.run("make the agent-server's environment", || {
        Environment::prepare(interrupt)
    })?;
    let path = environment.path()?;
    let tiny = Agent {
        name: "tiny program",
        image: "tiny".to_owned(),
        program: vec![example("tiny_agent").into()],
        path: path.clone(),
    };
    let real = Agent {
        name: "agent-server",
        image: agent_server::image(),
        program: vec![environment.bin().join("openhands-agent-server").into()],
        path,
    };
    let mut report = Report::default();
    in_turns(bench, &tiny, bench.times(100, 5), &mut report)?;
    in_turns(bench, &real, bench.times(5, 1), &mut report)?;
    unheld(bench, &tiny, bench.times(100, 5), &mut report)?;
    Ok(report)
}

/// A program that can be started both ways.
struct Agent {
    name: &'static str,
    image: String,
    program: Vec<OsString>,
    path: OsString,
}

/// One boot without a server, one with it, and so on.
fn in_turns(bench: &mut Bench<'_>, agent: &Agent, times: usize, report: &mut Report) -> Result<()> {
    let home = bench.directory("start")?;
    let server = bench.serve(
        &server_binary("release"),
        home.path(),
        agent.path.clone(),
        &config("2s")?,
    )?;
    let interrupt = bench.interrupt;
    let step = format!("boot the {} {times} times each way", agent.name);
    let measured = bench.steps.run(&step, || {
        // The first boot reads the program from the disk.
        let place = home.path().join("unmeasured");
        direct::boot(&agent.program, &place, &agent.path, interrupt)?;
        let (mut alone, mut started) = (Times::new()?, Times::new()?);
        for n in 0..times {
            interrupt.check()?;
            let place = home.path().join(format!("direct-{n}"));
            alone.record(direct::boot(
                &agent.program,
                &place,
                &agent.path,
                interrupt,
            )?);
            let sandbox = Sandbox::start(&server, agent, n, &[])?;
            started.record(sandbox.running(&server)?);
            sandbox.stop(&server)?;
        }
        Ok((alone.distribution(), started.distribution()))
    });
    let (alone, started) = finish(server, measured)?;
    report.times(format!("{}: directly", agent.name), alone);
    report.times(format!("{}: `/start` until `running`", agent.name), started);
    report.difference(agent.name, &started, &alone);
    Ok(())
}

/// The answer that is not held: what a durable intent takes, whatever the agent does.
fn unheld(bench: &mut Bench<'_>, agent: &Agent, times: usize, report: &mut Report) -> Result<()> {
    let home = bench.directory("start")?;
    let server = bench.serve(
        &server_binary("release"),
        home.path(),
        agent.path.clone(),
        &config("0s")?,
    )?;
    let interrupt = bench.interrupt;
    let step = format!("start {times} slow agents without a hold");
    let measured = bench.steps.run(&step, || {
        let mut answered = Times::new()?;
        for n in 0..times {
            interrupt.check()?;
            let sandbox = Sandbox::start(&server, agent, n, &["--delay-ms", "60000"])?;
            ensure!(!sandbox.runs, "a slow agent runs at once");
            answered.record(sandbox.answered);
            sandbox.stop(&server)?;
        }
        Ok(answered.distribution())
    });
    let answered: Distribution = finish(server, measured)?;
    report.times("`/start` with `hold = \"0s\"` until its 201", answered);
    Ok(())
}

/// A sandbox that was asked for.
struct Sandbox {
    id: String,
    asked: Instant,
    /// From asking to the answer.
    answered: Duration,
    /// The answer said so.
    runs: bool,
}

impl Sandbox {
    fn start(server: &Server, agent: &Agent, n: usize, arguments: &[&str]) -> Result<Self> {
        let command: Vec<&str> = ["agent"].iter().chain(arguments).copied().collect();
        let body =
            json!({"image": agent.image, "session_id": format!("bench-{n}"), "command": command});
        let start = call(server, "POST", "/start", &body)?;
        // Connected before: a client keeps its connection.
        let mut connection = Connection::open(server.url())?;
        let asked = Instant::now();
        let answer = connection.send(&start)?;
        let runtime: Value = serde_json::from_slice(answer.expect(201)?)?;
        Ok(Self {
            id: text(&runtime, "runtime_id")?,
            asked,
            answered: answer.whole,
            runs: text(&runtime, "status")? == "running",
        })
    }

    /// Waits until it runs; from asking for it until then.
    fn running(&self, server: &Server) -> Result<Duration> {
        if self.runs {
            return Ok(self.answered);
        }
        let look = call(
            server,
            "GET",
            &format!("/runtime/{}", self.id),
            &Value::Null,
        )?;
        let mut connection = Connection::open(server.url())?;
        loop {
            let runtime: Value = serde_json::from_slice(connection.send(&look)?.expect(200)?)?;
            match text(&runtime, "status")?.as_str() {
                "running" => return Ok(self.asked.elapsed()),
                "starting" if self.asked.elapsed() < RUNNING => thread::sleep(PAUSE),
                _ => bail!("it does not run: {runtime}"),
            }
        }
    }

    /// Stops it and waits until its processes are gone, so that the next boot has the machine for itself.
    fn stop(self, server: &Server) -> Result<()> {
        let stop = call(server, "POST", "/stop", &json!({"runtime_id": self.id}))?;
        Connection::open(server.url())?.send(&stop)?.expect(200)?;
        processes::must_be_gone(&server.data_dir(), server.pid()?, GONE)
    }
}

fn config(hold: &str) -> Result<String> {
    let tiny = tiny_image()?;
    Ok(format!(
        "hold = {hold:?}\n[operator]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n{tiny}"
    ))
}

/// The lines of a configuration that map the image `tiny` to the tiny program.
pub(crate) fn tiny_image() -> Result<String> {
    let program = example("tiny_agent");
    let program = program
        .to_str()
        .context("the clone has no name that is text")?;
    // TOML's strings are JSON's for every name that a path has.
    Ok(format!(
        "[[local.images]]\nimage = \"tiny\"\ncommand = [{}, \"--host\", \"127.0.0.1\", \"--port\", \"{{port}}\"]\n",
        json!(program)
    ))
}

/// A request to the API.
pub(crate) fn call(server: &Server, method: &str, path: &str, body: &Value) -> Result<Vec<u8>> {
    request(
        method,
        server.url(),
        path,
        &[("X-API-Key", server.key())],
        body,
    )
}

/// Ends the server and what runs in it; an error before that is told first, with the server's log.
pub(crate) fn finish<T>(server: Server, measured: Result<T>) -> Result<T> {
    let measured = measured.map_err(|error| server.explain(&error));
    let stopped = server.stop_with_sandboxes();
    let measured = measured?;
    stopped.map(|()| measured)
}

/// A field of an object that the API answered.
pub(crate) fn text(object: &Value, field: &str) -> Result<String> {
    let value = object.get(field).and_then(Value::as_str);
    Ok(value
        .with_context(|| format!("no text in `{field}` of {object}"))?
        .to_owned())
}
