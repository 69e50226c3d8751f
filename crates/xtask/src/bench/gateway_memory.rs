//! What an idle WebSocket through the gateway costs the server in memory.

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use super::connection::Connection;
use super::report::Report;
use super::start::{call, finish, text, tiny_image};
use super::tunnel::Tunnel;
use super::{Bench, memory};
use crate::parts::server::Server;
use crate::workspace::server_binary;

/// Tunnels of one sandbox: below the gateway's default limit of 256.
const EACH: usize = 250;
/// Files that the server has open beside the tunnels: doors, shims, the database.
const OTHER_FILES: usize = 1_000;

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Report> {
    let wanted = bench.times(10_000, 500);
    let possible = possible_tunnels()? / EACH * EACH;
    let most = wanted.min(possible);
    let few = bench.times(1_000, 250).min(most);
    let mut report = Report::default();
    if most < wanted {
        report.note(format!(
            "{wanted} tunnels were wanted; the limit of open files allows {most}, for each takes two files of the server"
        ));
    }
    let home = bench.directory("gateway")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let config = format!(
        "[operator]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n{}",
        tiny_image()?
    );
    let server = bench.serve(&server_binary("release"), home.path(), path, &config)?;
    let measured = open(bench, &server, [few, most], &mut report);
    finish(server, measured)?;
    Ok(report)
}

/// Opens the tunnels, and looks at the memory without any and with so many.
fn open(
    bench: &mut Bench<'_>,
    server: &Server,
    marks: [usize; 2],
    report: &mut Report,
) -> Result<()> {
    let interrupt = bench.interrupt;
    let most = marks.into_iter().max().unwrap_or(0);
    let urls = bench
        .steps
        .run(&format!("start {} sandboxes", most.div_ceil(EACH)), || {
            (0..most.div_ceil(EACH))
                .map(|n| start(server, n))
                .collect::<Result<Vec<_>>>()
        })?;
    let before = memory::at_rest(server.pid()?, interrupt)?;
    report.value(
        format!("resident, {} sandboxes and no tunnel", urls.len()),
        mib(before.rss),
        "MiB",
    );
    let mut tunnels: Vec<Tunnel> = Vec::new();
    for mark in marks {
        bench.steps.run(&format!("open tunnels up to {mark}"), || {
            while tunnels.len() < mark {
                interrupt.check()?;
                let url = urls
                    .get(tunnels.len() / EACH)
                    .context("no sandbox for the tunnel")?;
                let mut tunnel = Tunnel::open(url)?;
                // Once used, so that whatever is allocated for use is there.
                tunnel.echo()?;
                tunnels.push(tunnel);
            }
            Ok(())
        })?;
        let with = memory::at_rest(server.pid()?, interrupt)?;
        let count = u32::try_from(tunnels.len())?;
        report.value(
            format!("resident, {mark} idle tunnels"),
            mib(with.rss),
            "MiB",
        );
        let each = (with.rss - before.rss) / f64::from(count) / 1024.0;
        report.value(format!("{mark} idle tunnels: for each"), each, "KiB");
    }
    bench.steps.run("use every tunnel once more", || {
        tunnels.iter_mut().try_for_each(Tunnel::echo)
    })
}

fn start(server: &Server, n: usize) -> Result<String> {
    let body = json!({"image": "tiny", "session_id": format!("bench-{n}")});
    let mut connection = Connection::open(server.url())?;
    let answer = connection.send(&call(server, "POST", "/start", &body)?)?;
    let runtime: Value = serde_json::from_slice(answer.expect(201)?)?;
    ensure!(
        text(&runtime, "status")? == "running",
        "it was held and does not run: {runtime}"
    );
    text(&runtime, "url")
}

/// Two open files of the server for each; we hold one. The server raises its own limit as far as ours.
fn possible_tunnels() -> Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")?;
    let files = limit.maximum.map_or(Ok(usize::MAX), usize::try_from)?;
    Ok(files.saturating_sub(OTHER_FILES) / 2)
}

fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}
