//! Requests, messages and memory of the gateway, beside nginx as a proxy to the same sandboxes on the same machine.
//!
//! Two sandboxes of a real server: one whose program is another nginx, which answers 1 KiB and 1 MiB faster than any agent,
//! and the tiny program for WebSockets. Every way to them (directly, through nginx with and without buffering, through the
//! gateway) is measured in turns, round by round, so that whatever else the machine does meets all of them.

mod parts;
mod way;

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use super::memory;
use super::pacer::{self, Pace, Plan};
use super::report::Report;
use super::start::finish;
use super::times::Times;

use parts::Parts;

/// Connections of the loads.
const CONNECTIONS: [usize; 2] = [32, 1_000];
/// What is fetched: the path at the sandbox, and how it is called.
const BODIES: [(&str, &str); 2] = [("/1k", "1 KiB"), ("/1m", "1 MiB")];
/// The share of the slowest way's rate at which the open load goes.
const OPEN_SHARE: f64 = 0.4;
/// WebSockets side by side.
const SOCKETS: usize = 32;

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Report> {
    let home = bench.directory("gateway")?;
    let (rounds, lasts) = if bench.quick {
        (1, Duration::from_millis(500))
    } else {
        (7, Duration::from_secs(2))
    };
    let parts = Parts::start(bench, home.path())?;
    let mut report = Report::default();
    let measured = loads(bench, &parts, rounds, lasts, &mut report)
        .and_then(|()| messages(bench, &parts, rounds, lasts, &mut report));
    let Parts { server, proxy, .. } = parts;
    drop(proxy);
    finish(server, measured)?;
    Ok(report)
}

/// Fetches each body over few and many connections, as fast as they come; then the small one at a pace.
fn loads(
    bench: &mut Bench<'_>,
    parts: &Parts,
    rounds: usize,
    lasts: Duration,
    report: &mut Report,
) -> Result<()> {
    let interrupt = bench.interrupt;
    let mut slowest = f64::INFINITY;
    for (path, body) in BODIES {
        for connections in CONNECTIONS {
            let what = format!("{body}, {connections} connections");
            let mut rates = parts.http.figures();
            bench.steps.run(&format!("fetch {what}"), || {
                for _ in 0..rounds {
                    for way in &parts.http.0 {
                        let request = way.get(path);
                        let before = way.processor_time()?;
                        let plan = Plan {
                            address: way.address,
                            request: &request,
                            connections,
                            pace: Pace::Closed,
                            lasts,
                        };
                        let done = pacer::run(plan, interrupt)?;
                        let spent = way.processor_time()?.saturating_sub(before);
                        rates.add(
                            way,
                            done.rate(),
                            spent.div_f64(done.rate() * done.took.as_secs_f64()),
                        );
                    }
                }
                Ok(())
            })?;
            if (path, connections) == (BODIES[0].0, CONNECTIONS[0]) {
                slowest = rates.slowest();
            }
            rates.tell(report, &what, "/s", "a request");
        }
    }
    for way in &parts.http.0 {
        if let Some(pid) = way.process {
            let memory = memory::at_rest(pid, interrupt)?;
            let name = format!("resident after these loads: {}", way.name);
            report.value(name, memory.rss / f64::from(1 << 20), "MiB");
        }
    }
    paced(bench, parts, rounds, lasts, slowest * OPEN_SHARE, report)
}

/// What each way adds when it is not driven to its limit.
fn paced(
    bench: &mut Bench<'_>,
    parts: &Parts,
    rounds: usize,
    lasts: Duration,
    rate: f64,
    report: &mut Report,
) -> Result<()> {
    let interrupt = bench.interrupt;
    let (path, body) = BODIES[0];
    let mut times = Vec::new();
    for way in &parts.http.0 {
        times.push((way, Times::new()?));
    }
    let step = format!("fetch {body} {rate:.0} times a second");
    bench.steps.run(&step, || {
        for _ in 0..rounds {
            for (way, times) in &mut times {
                let request = way.get(path);
                let plan = Plan {
                    address: way.address,
                    request: &request,
                    connections: CONNECTIONS[0],
                    pace: Pace::Open(rate),
                    lasts,
                };
                times.add(&pacer::run(plan, interrupt)?.times)?;
            }
        }
        Ok(())
    })?;
    let mut direct = None;
    for (way, times) in &times {
        let times = times.distribution();
        report.times(format!("{body}, {rate:.0} /s: {}", way.name), times);
        match &direct {
            None => direct = Some(times),
            Some(direct) => report.difference(&format!("{} adds", way.name), &times, direct),
        }
    }
    Ok(())
}

/// Words there and back over WebSockets, each after the one before has come back.
fn messages(
    bench: &mut Bench<'_>,
    parts: &Parts,
    rounds: usize,
    lasts: Duration,
    report: &mut Report,
) -> Result<()> {
    let what = format!("{SOCKETS} WebSockets");
    let mut rates = parts.sockets.figures();
    let interrupt = bench.interrupt;
    bench.steps.run(&format!("echo over {what}"), || {
        for _ in 0..rounds {
            for way in &parts.sockets.0 {
                interrupt.check()?;
                let before = way.processor_time()?;
                let echoes = way.echoes(SOCKETS, lasts)?;
                let spent = way.processor_time()?.saturating_sub(before);
                rates.add(way, echoes / lasts.as_secs_f64(), spent.div_f64(echoes));
            }
        }
        Ok(())
    })?;
    rates.tell(report, &what, "echoes/s", "an echo");
    Ok(())
}
