//! `cargo xtask bench`: what the server promises of itself, measured on this machine (`docs/benchmarks.md`).
//!
//! Every figure is taken from release builds, with a number of repetitions and a bound in time, and told as a
//! distribution beside what the machine was doing. One figure, one file.

mod connection;
mod direct;
mod gateway;
mod gateway_memory;
mod load;
mod machine;
mod memory;
mod pacer;
mod page;
mod reads;
mod report;
mod start;
mod store;
mod times;
mod tunnel;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use tempfile::TempDir;

use crate::command;
use crate::interrupt::Interrupt;
use crate::parts::server::{Launch, Server};
use crate::step::{Steps, say};
use crate::workspace::{cargo, server_binary};

use self::machine::Machine;
use self::report::Report;

/// A first release build of everything on two slow cores.
const BUILD: Duration = Duration::from_secs(3600);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The figures to take [default: all]
    #[arg(value_enum)]
    figures: Vec<Figure>,
    /// Few repetitions: to see that it works, not to be quoted
    #[arg(long)]
    quick: bool,
    /// Put the tables into docs/benchmarks.md
    #[arg(long, conflicts_with = "quick")]
    write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// What `/start` adds to the agent's own boot
    Start,
    /// Durable writes a second
    Store,
    /// Reads, memory and restarts with 10,000 sandboxes
    Reads,
    /// Requests and messages through the gateway, beside nginx
    Gateway,
    /// Memory of an idle connection through the gateway
    GatewayMemory,
}

impl Figure {
    fn measure(self, bench: &mut Bench<'_>) -> Result<Report> {
        match self {
            Self::Start => start::measure(bench),
            Self::Store => store::measure(bench),
            Self::Reads => reads::measure(bench),
            Self::Gateway => gateway::measure(bench),
            Self::GatewayMemory => gateway_memory::measure(bench),
        }
    }

    /// What it is called on the command line.
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Takes the figures, prints them as Markdown, and notes them in the target directory.
///
/// # Errors
/// The first step that failed. What was measured before it is printed and noted.
pub(crate) fn run(options: &Options, interrupt: &Interrupt) -> Result<()> {
    let figures = if options.figures.is_empty() {
        Figure::value_variants()
    } else {
        &options.figures
    };
    let machine = Machine::look()?;
    let mut bench = Bench {
        steps: Steps::begin(),
        quick: options.quick,
        interrupt,
        scratch: scratch()?,
    };
    bench.steps.run("build for release", || build(interrupt))?;
    for figure in figures {
        let before = machine::load()?;
        let mut report = figure.measure(&mut bench)?;
        report.note(format!(
            "{machine}; load {before} before, {} after",
            machine::load()?
        ));
        if options.quick {
            report.note("--quick: too few repetitions to be quoted".to_owned());
        }
        let (name, table) = (figure.name(), report.to_markdown());
        say(format_args!("\n## {name}\n\n{table}"))?;
        note(&report.to_json_lines(&name, &machine))?;
        if options.write {
            page::replace(&name, &table)?;
        }
    }
    say(bench.steps.summary())
}

/// Everything at once: cargo would otherwise build what they share for each set of features anew.
fn build(interrupt: &Interrupt) -> Result<()> {
    let mut build = cargo(["build", "--release", "--quiet"]);
    build.args(["-p", "server", "-p", "store-sqlite", "--bin=pinfold"]);
    build.args(["tiny_agent", "many", "write_rate"].map(|name| format!("--example={name}")));
    command::run(&mut build, BUILD, interrupt, |_| false).map(drop)
}

/// What the figures are taken with.
#[derive(Debug)]
struct Bench<'a> {
    steps: Steps,
    quick: bool,
    interrupt: &'a Interrupt,
    /// Where data goes: on the disk of the target directory, for `/tmp` may be in memory.
    scratch: PathBuf,
}

impl Bench<'_> {
    /// One number for a figure that is quoted, one to see that it works.
    fn times(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// A new directory, removed when dropped.
    fn directory(&self, name: &str) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(&self.scratch)
            .context("cannot make a directory")
    }

    /// A server with this configuration in a directory of its own.
    fn serve(&self, binary: &Path, home: &Path, path: OsString, config: &str) -> Result<Server> {
        self.serve_with(binary, home, path, config, &[])
    }

    /// As [`serve`](Self::serve), with further environment variables.
    fn serve_with(
        &self,
        binary: &Path,
        home: &Path,
        path: OsString,
        config: &str,
        variables: &[(&str, &str)],
    ) -> Result<Server> {
        let file = home.join("pinfold.toml");
        fs::write(&file, config).context("cannot write the configuration")?;
        let launch = Launch {
            binary,
            path,
            home,
            port: None,
            config: Some(&file),
            variables,
        };
        Server::start(launch, self.interrupt)
    }
}

/// Where cargo puts the binary of an example.
fn example(name: &str) -> PathBuf {
    server_binary("release")
        .with_file_name("examples")
        .join(name)
}

fn scratch() -> Result<PathBuf> {
    let dir = server_binary("release").with_file_name("bench");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// Adds lines to the history of what was measured on this machine.
fn note(lines: &str) -> Result<()> {
    let path = scratch()?.join("figures.jsonl");
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    file.write_all(lines.as_bytes())?;
    say(format_args!("Noted in {}.\n", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_place_on_the_page() {
        let page = fs::read_to_string(page::path()).unwrap();
        for figure in Figure::value_variants() {
            let name = figure.name();
            assert!(page::put(&page, &name, "table").is_ok(), "{name}");
        }
    }
}
