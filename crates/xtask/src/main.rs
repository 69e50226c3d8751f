//! The project's own commands, run as `cargo xtask <command>`.
//!
//! - `demo` shows a sandbox, all the way, with the released agent-server inside ([`demo`]);
//! - `bench` takes the figures of `docs/benchmarks.md` ([`mod@bench`]);
//! - `crash` kills the server amid sandboxes with the released agent-server inside ([`crash`]);
//! - `test` runs every check that the project has, in one order ([`mod@test`]);
//! - `venv` makes the Python environment that all of them use ([`parts::agent_server`]).
//!
//! Whatever is started here runs as a process of its own (`parts/`), is waited for with a bound ([`wait`]), and is ended
//! by its pid: also when a step fails and when somebody presses Ctrl-C ([`interrupt`]).
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a synchronous tool that starts processes and measures wall time has no runtime, core or Clock"
)]

mod bench;
mod command;
mod crash;
mod demo;
mod http;
mod interrupt;
mod parts;
mod step;
mod test;
mod wait;
mod workspace;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::interrupt::Interrupt;
use crate::parts::agent_server::Environment;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server and a sandbox, run a command in it, and serve until Ctrl-C
    Demo(demo::Options),
    /// Measure the server as it is released, each figure as a distribution
    Bench(bench::Options),
    /// Kill the server amid running agent-servers, start it again, and check that nothing is lost
    Crash,
    /// Run every check: format, lints, tests, documentation, the released client
    Test(test::Options),
    /// Make the Python environment of the agent-server and print its path
    Venv,
}

fn main() -> ExitCode {
    let Err(error) = run(Cli::parse().command) else {
        return ExitCode::SUCCESS;
    };
    // Without a backtrace: what fails here is a step, and where we noticed it helps nobody. Nobody may be reading.
    writeln!(std::io::stderr(), "\nerror: {error:#}").ok();
    ExitCode::FAILURE
}

fn run(command: Command) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    match command {
        Command::Demo(options) => demo::run(&options, &interrupt),
        Command::Bench(options) => bench::run(&options, &interrupt),
        Command::Crash => crash::run(&interrupt),
        Command::Test(options) => test::run(&options, &interrupt),
        Command::Venv => step::say(Environment::prepare(&interrupt)?.dir().display()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn test_takes_any_number_of_client_scripts() {
        let cli =
            Cli::try_parse_from(["xtask", "test", "--client", "a.py", "--client", "b.py"]).unwrap();
        let Command::Test(options) = cli.command else {
            panic!("parsed as {:?}", cli.command)
        };
        assert_eq!(options.client.len(), 2);
        assert!(!options.fast);
    }

    #[test]
    fn fast_and_client_exclude_each_other() {
        assert!(Cli::try_parse_from(["xtask", "test", "--fast", "--client", "a.py"]).is_err());
    }
}
