//! `cargo xtask test`: every check of the project, in the order in which they are quick to fail.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::command;
use crate::crash;
use crate::interrupt::Interrupt;
use crate::parts::agent_server::Environment;
use crate::parts::server::{Launch, Server};
use crate::step::{Steps, say};
use crate::workspace::{cargo, root, server_binary};

/// For one step of cargo: a first build of everything on two slow cores.
const CARGO: Duration = Duration::from_secs(2400);
/// For one client script.
const CLIENT: Duration = Duration::from_secs(1200);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Format, lints and the unit tests of the two pure crates only
    #[arg(long)]
    pub(crate) fast: bool,
    /// One more client script, run as `FILE --runtime-api-url URL --api-key KEY` against a fresh server
    #[arg(long, value_name = "FILE", conflicts_with = "fast")]
    pub(crate) client: Vec<PathBuf>,
}

/// Runs the checks up to the first that fails.
///
/// # Errors
/// The check that failed.
pub(crate) fn run(options: &Options, interrupt: &Interrupt) -> Result<()> {
    // Said now, not after half an hour.
    for script in &options.client {
        ensure!(
            script.is_file(),
            "there is no client script {}",
            script.display()
        );
    }
    let mut steps = Steps::begin();
    let result = if options.fast {
        fast(&mut steps, interrupt)
    } else {
        all(&mut steps, options, interrupt)
    };
    say(format_args!("\n{}", steps.summary()))?;
    result
}

fn fast(steps: &mut Steps, interrupt: &Interrupt) -> Result<()> {
    source(steps, interrupt)?;
    cargo_step(
        steps,
        &["test", "-p", "runtime-core", "-p", "runtime-api", "--lib"],
        interrupt,
    )
}

fn all(steps: &mut Steps, options: &Options, interrupt: &Interrupt) -> Result<()> {
    source(steps, interrupt)?;
    cargo_step(steps, &["test", "--workspace", "--all-features"], interrupt)?;
    documentation(steps, interrupt)?;
    dependencies(steps, interrupt)?;
    clients(steps, &options.client, interrupt)
}

fn source(steps: &mut Steps, interrupt: &Interrupt) -> Result<()> {
    cargo_step(steps, &["fmt", "--all", "--check"], interrupt)?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    cargo_step(steps, &clippy, interrupt)
}

fn documentation(steps: &mut Steps, interrupt: &Interrupt) -> Result<()> {
    steps.run_tests("cargo doc --workspace --no-deps --all-features", || {
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
        command::run(
            doc.env("RUSTDOCFLAGS", "-D warnings"),
            CARGO,
            interrupt,
            |_| false,
        )
    })
}

/// Licences, sources and forbidden crates. Advisories need a database from outside and are asked for by hand.
fn dependencies(steps: &mut Steps, interrupt: &Interrupt) -> Result<()> {
    let mut version = cargo(["deny", "--version"]);
    let installed = version
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if installed.is_ok_and(|status| status.success()) {
        cargo_step(
            steps,
            &[
                "deny",
                "--all-features",
                "check",
                "bans",
                "licenses",
                "sources",
            ],
            interrupt,
        )
    } else {
        steps.skip("cargo-deny is not installed (cargo install cargo-deny --locked)")
    }
}

fn cargo_step(steps: &mut Steps, arguments: &[&str], interrupt: &Interrupt) -> Result<()> {
    steps.run_tests(&format!("cargo {}", arguments.join(" ")), || {
        command::run(cargo([]).args(arguments), CARGO, interrupt, is_closing_line)
    })
}

/// What needs the real agent-server. First our own client script and those asked for, each with the released SDK, a
/// server and a directory of its own; then the crash.
///
/// The server is the one that `cargo test` has just built for the tests on the real binary: to build it alone would
/// unify other features and compile most dependencies once more.
fn clients(steps: &mut Steps, more: &[PathBuf], interrupt: &Interrupt) -> Result<()> {
    let environment = steps.run("make the agent-server's environment", || {
        Environment::prepare(interrupt)
    })?;
    let own = root().join("tests/clients/sdk.py");
    for script in std::iter::once(&own).chain(more) {
        let name = script
            .file_name()
            .unwrap_or(script.as_os_str())
            .to_string_lossy();
        steps.run_tests(&format!("client {name}"), || {
            let home = tempfile::Builder::new()
                .prefix("pinfold-test-")
                .tempdir()
                .context("cannot make a directory")?;
            let binary = server_binary("debug");
            let launch = Launch {
                binary: &binary,
                path: environment.path()?,
                home: home.path(),
                port: None,
                config: None,
                variables: &[],
            };
            let server = Server::start(launch, interrupt)?;
            let mut client = Command::new(environment.python());
            client
                .arg(script)
                .args(["--runtime-api-url", server.url(), "--api-key", server.key()]);
            let closing = command::run(&mut client, CLIENT, interrupt, is_closing_line)
                .map_err(|error| server.explain(&error));
            let stopped = server.stop_with_sandboxes();
            closing.and_then(|lines| stopped.map(|()| lines))
        })?;
    }
    crash::step(steps, &environment, interrupt)
}

/// What test runners say last: `test result: ok. 12 passed; …` and `12 passed, 0 failed`.
///
/// Test binaries without a test say so too; nobody needs to read that.
fn is_closing_line(line: &str) -> bool {
    let of_cargo =
        line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed; 0 ignored;");
    let of_script = line
        .split_once(" passed, ")
        .is_some_and(|(passed, failed)| {
            passed.parse::<u32>().is_ok()
                && failed
                    .strip_suffix(" failed")
                    .is_some_and(|n| n.parse::<u32>().is_ok())
        });
    of_cargo || of_script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_told_from_others() {
        for line in [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured",
            "35 passed, 0 failed",
        ] {
            assert!(is_closing_line(line), "{line}");
        }
        for line in [
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured",
            "test wire ... ok",
            "all passed, none failed",
            "FAIL pause: 3 passed, 0 failed",
        ] {
            assert!(!is_closing_line(line), "{line}");
        }
    }

    #[test]
    fn a_missing_client_script_is_said_before_anything_runs() {
        let options = Options {
            fast: false,
            client: vec!["no-such.py".into()],
        };
        let error = run(&options, &Interrupt::never()).unwrap_err();
        assert_eq!(error.to_string(), "there is no client script no-such.py");
    }
}
