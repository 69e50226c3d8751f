//! Reads, memory and restarts of a server with 10,000 sandboxes.
//!
//! The sandboxes are pretended (`crates/server/examples/many`): 10,000 processes would measure the machine. Everything
//! else is the real server.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::connection::Connection;
use super::load::{Load, Loaded};
use super::report::Report;
use super::start::{call, text};
use super::times::Times;
use super::{Bench, example, memory};
use crate::http;
use crate::interrupt::Interrupt;
use crate::parts::server::Server;
use crate::wait::wait_closely;

/// Connections that start sandboxes side by side.
const STARTERS: usize = 16;
/// Clients that read side by side.
const READERS: [usize; 2] = [1, 4];
/// Ids of one batch.
const BATCH: usize = 1_000;
/// A body that takes time of its own, in bytes.
const LARGE: usize = 1 << 20;
/// For all to run: after the starts, and after a restart.
const RUNNING: Duration = Duration::from_secs(300);
/// How often a restarted server is looked at.
const PAUSE: Duration = Duration::from_millis(2);
/// For one call of the operator's pages.
const CALL: Duration = Duration::from_secs(10);

/// More ports than sandboxes, for others may have some.
const CONFIG: &str = r#"hold = "0s"
[operator]
listen = "127.0.0.1:0"
[log]
level = "warn"
[limits]
max_live = 0
[gateway]
service_ports = false
ports = "20000-31999"
"#;

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Report> {
    let sandboxes = bench.times(10_000, 500);
    let home = bench.directory("reads")?;
    let mut report = Report::default();
    let server = serve(bench, home.path())?;
    let measured = fill(bench, &server, sandboxes, &mut report)
        .and_then(|first| read(bench, &server, sandboxes, &first, &mut report).map(|()| first))
        .map_err(|error| server.explain(&error));
    // As `kill -9` does it.
    drop(server);
    restart(bench, home.path(), sandboxes, &measured?, &mut report)?;
    Ok(report)
}

fn serve(bench: &Bench<'_>, home: &Path) -> Result<Server> {
    bench.serve(
        &example("many"),
        home,
        std::env::var_os("PATH").unwrap_or_default(),
        CONFIG,
    )
}

fn session(n: usize) -> String {
    format!("session-{n:05}")
}

/// Starts so many sandboxes, waits until they run, and gives the id of one.
fn fill(
    bench: &mut Bench<'_>,
    server: &Server,
    sandboxes: usize,
    report: &mut Report,
) -> Result<String> {
    let interrupt = bench.interrupt;
    let (starts, running) = bench
        .steps
        .run(&format!("start {sandboxes} sandboxes"), || {
            let began = Instant::now();
            let load = Load {
                clients: STARTERS,
                requests: sandboxes,
                status: 201,
            };
            let starts = load.run(server.url(), interrupt, |n| {
                let body = json!({
                    "image": "ghcr.io/openhands/agent-server:1.58.2-python",
                    "command": "/usr/local/bin/openhands-agent-server --port 60000",
                    "working_dir": "/workspace",
                    "session_id": session(n),
                    "environment": {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
                });
                call(server, "POST", "/start", &body)
            })?;
            wait_all_running(server, sandboxes, interrupt)?;
            Ok((starts, began.elapsed()))
        })?;
    let count = f64::from(u32::try_from(sandboxes)?);
    report.times(
        format!("`POST /start`, {STARTERS} clients"),
        starts.whole.distribution(),
    );
    report.value("starts answered", count / starts.took.as_secs_f64(), "/s");
    report.value(
        "starts answered and all running",
        count / running.as_secs_f64(),
        "/s",
    );
    let get = call(
        server,
        "GET",
        &format!("/sessions/{}", session(0)),
        &Value::Null,
    )?;
    let runtime = serde_json::from_slice(Connection::open(server.url())?.send(&get)?.expect(200)?)?;
    text(&runtime, "runtime_id")
}

fn wait_all_running(server: &Server, sandboxes: usize, interrupt: &Interrupt) -> Result<()> {
    let list = call(server, "GET", "/list", &Value::Null)?;
    let mut connection = Connection::open(server.url())?;
    let pause = Duration::from_millis(20);
    wait_closely("all sandboxes to run", pause, RUNNING, interrupt, || {
        let seen = running(connection.send(&list)?.expect(200)?);
        Ok(if seen == sandboxes {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(format!("{seen} of {sandboxes} run"))
        })
    })
}

/// Running sandboxes in a list, without making values of it.
fn running(list: &[u8]) -> usize {
    const RUNNING: &[u8] = br#""status":"running""#;
    list.windows(RUNNING.len())
        .filter(|window| *window == RUNNING)
        .count()
}

fn read(
    bench: &mut Bench<'_>,
    server: &Server,
    sandboxes: usize,
    id: &str,
    report: &mut Report,
) -> Result<()> {
    let interrupt = bench.interrupt;
    let memory = memory::at_rest(server.pid()?, interrupt)?;
    report.value(
        format!("resident (RSS), {sandboxes} sandboxes"),
        memory.rss / f64::from(1 << 20),
        "MiB",
    );
    report.value(
        "of it our share (PSS)",
        memory.pss / f64::from(1 << 20),
        "MiB",
    );
    let batch: Vec<String> = (0..BATCH.min(sandboxes))
        .map(|n| format!("ids={}", session(n)))
        .collect();
    let reads = [
        ("GET /list", "/list".to_owned(), bench.times(500, 20)),
        (
            "GET /sessions/batch, 1,000 ids",
            format!("/sessions/batch?{}", batch.join("&")),
            bench.times(2_000, 20),
        ),
        (
            "GET /runtime/{id}",
            format!("/runtime/{id}"),
            bench.times(10_000, 100),
        ),
    ];
    for (name, path, requests) in reads {
        let get = call(server, "GET", &path, &Value::Null)?;
        for clients in READERS {
            let step = format!("{requests} times {name}, {clients} at a time");
            let load = Load {
                clients,
                requests,
                status: 200,
            };
            let read = bench.steps.run(&step, || {
                load.run(server.url(), interrupt, |_| Ok(get.clone()))
            })?;
            tell(report, name, clients, requests, &read)?;
        }
    }
    let after = memory::at_rest(server.pid()?, interrupt)?;
    report.value(
        "resident (RSS) after these reads",
        after.rss / f64::from(1 << 20),
        "MiB",
    );
    Ok(())
}

fn tell(
    report: &mut Report,
    name: &str,
    clients: usize,
    requests: usize,
    read: &Loaded,
) -> Result<()> {
    let by = format!("{clients} client{}", if clients > 1 { "s" } else { "" });
    // Of a small body both are the same.
    if read.largest > LARGE {
        report.times(
            format!("`{name}`, {by}, to the first byte"),
            read.first_byte.distribution(),
        );
    }
    report.times(format!("`{name}`, {by}"), read.whole.distribution());
    let rate = f64::from(u32::try_from(requests)?) / read.took.as_secs_f64();
    report.value(format!("`{name}`, {by}"), rate, "/s");
    if clients == 1 {
        let kib = f64::from(u32::try_from(read.largest)?) / 1024.0;
        report.value(format!("`{name}`: body"), kib, "KiB");
    }
    Ok(())
}

/// Starts the killed server again, several times: when does it answer a read, and when has it taken everything over?
fn restart(
    bench: &mut Bench<'_>,
    home: &Path,
    sandboxes: usize,
    id: &str,
    report: &mut Report,
) -> Result<()> {
    let (mut first_read, mut adopted) = (Times::new()?, Times::new()?);
    let interrupt = bench.interrupt;
    for _ in 0..bench.times(3, 1) {
        let began = Instant::now();
        let server = serve(bench, home)?;
        let taken = bench.steps.run("start it again", || {
            let get = call(&server, "GET", &format!("/runtime/{id}"), &Value::Null)?;
            let runtime =
                serde_json::from_slice(Connection::open(server.url())?.send(&get)?.expect(200)?)?;
            first_read.record(began.elapsed());
            ensure!(
                text(&runtime, "status")? == "running",
                "it does not run any more: {runtime}"
            );
            wait_ready(&server, interrupt)?;
            wait_all_running(&server, sandboxes, interrupt)?;
            adopted.record(began.elapsed());
            Ok(())
        });
        taken.map_err(|error| server.explain(&error))?;
    }
    report.times(
        "from process start to the first read",
        first_read.distribution(),
    );
    report.times("from process start to all adopted", adopted.distribution());
    Ok(())
}

/// The operator's page says that what is observed is up to date.
fn wait_ready(server: &Server, interrupt: &Interrupt) -> Result<()> {
    let file = server.data_dir().join("operator.addr");
    wait_closely("the server to be ready", PAUSE, RUNNING, interrupt, || {
        let asked = fs::read_to_string(&file)
            .context("no address of the operator's pages yet")
            .and_then(|address| http::get(&format!("http://{}/readyz", address.trim()), &[], CALL));
        Ok(match asked {
            Ok(reply) if reply.status == 200 => ControlFlow::Break(()),
            Ok(reply) => ControlFlow::Continue(String::from_utf8_lossy(&reply.body).into_owned()),
            Err(error) => ControlFlow::Continue(format!("{error:#}")),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_sandboxes_are_counted_in_the_text() {
        let list = br#"{"runtimes":[{"status":"running"},{"status":"starting"},{"status":"running"}],"total":3}"#;
        assert_eq!(running(list), 2);
    }
}
