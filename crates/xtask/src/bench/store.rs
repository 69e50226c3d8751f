//! Durable writes a second, beside what one flush of the same disk takes.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::report::Report;
use super::times::Distribution;
use super::{Bench, example};
use crate::command;

/// The program bounds each of its lines.
const BOUND: Duration = Duration::from_secs(300);

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Report> {
    let home = bench.directory("store")?;
    let writes = bench.times(8_000, 400).to_string();
    let interrupt = bench.interrupt;
    let lines = bench.steps.run("write into a store", || {
        let mut program = Command::new(example("write_rate"));
        program
            .arg("--dir")
            .arg(home.path())
            .args(["--writes", &writes]);
        command::run(&mut program, BOUND, interrupt, |line| line.starts_with('{'))
    })?;
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect::<Result<_, _>>()?;
    report(&lines)
}

fn report(lines: &[Value]) -> Result<Report> {
    let mut report = Report::default();
    let (mut floor, mut rates) = (None, Vec::new());
    for line in lines {
        let what = line
            .get("what")
            .and_then(Value::as_str)
            .context("no `what`")?;
        let (n, seconds) = (number(line, "n")?, number(line, "seconds")?);
        let rate = n / seconds;
        if what == "floor" {
            floor = Some(rate);
            report.times("8 KiB and one flush of the disk", distribution(line)?);
            continue;
        }
        let clients = number(line, "clients")?;
        let name = format!(
            "{what}, {clients} client{}",
            if clients > 1.0 { "s" } else { "" }
        );
        report.times(&*name, distribution(line)?);
        rates.push((name, rate, n / number(line, "commits")?));
    }
    let floor = floor.context("the floor was not measured")?;
    report.value("flushes of the disk", floor, "/s");
    for (name, rate, shared) in rates {
        report.value(&*name, rate, "/s");
        report.value(format!("{name}: writes in one transaction"), shared, "");
        report.value(format!("{name}: of the disk's flushes"), rate / floor, "×");
    }
    Ok(report)
}

fn distribution(line: &Value) -> Result<Distribution> {
    let time = |name| {
        let micros = line.get(name).and_then(Value::as_u64);
        micros
            .map(Duration::from_micros)
            .with_context(|| format!("no `{name}` in {line}"))
    };
    Ok(Distribution {
        n: line.get("n").and_then(Value::as_u64).context("no `n`")?,
        p50: time("p50_us")?,
        p90: time("p90_us")?,
        p99: time("p99_us")?,
        max: time("max_us")?,
    })
}

fn number(line: &Value, name: &str) -> Result<f64> {
    line.get(name)
        .and_then(Value::as_f64)
        .with_context(|| format!("no `{name}` in {line}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rates_are_told_beside_the_disks() {
        let line = |what: &str, clients: u64, commits: u64| {
            json!({"what": what, "clients": clients, "n": 100, "seconds": 0.5, "commits": commits,
                   "p50_us": 1, "p90_us": 2, "p99_us": 3, "max_us": 4})
        };
        let table = report(&[line("floor", 1, 100), line("insert", 8, 25)])
            .unwrap()
            .to_markdown();
        for row in [
            "| flushes of the disk | 200 /s |",
            "| insert, 8 clients: writes in one transaction | 4.00 |",
        ] {
            assert!(table.contains(row), "{table}");
        }
        assert!(report(&[line("insert", 8, 25)]).is_err());
    }
}
