//! The command line.

mod backup;
mod config;
mod error;
mod exec;
mod explain;
mod output;
mod progress;
mod sandboxes;
mod serve;
mod start;
mod status;
mod table;
mod target;
mod times;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use error::CommandError;
use serve::ServeFlags;

use crate::config::{Environment, Settings};
use crate::error::Error;
use crate::http::error::chain;

/// A server of the OpenHands remote runtime API: it starts, pauses, resumes and stops sandboxes in which agents work.
#[derive(Debug, Parser)]
#[command(name = "pinfold", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the gateway to sandboxes, until SIGTERM or Ctrl-C. Sandboxes outlive the server.
    Serve(ServeFlags),
    /// Look at and change the sandboxes of a running server.
    Sandboxes(sandboxes::Sandboxes),
    /// Tell whether the server is up and ready, and where everything is; the exit code is 1 if not.
    Status(status::Status),
    /// Copy the database into a new file, also while the server runs. Workspaces are copied apart.
    Backup(backup::Backup),
    /// Check the configuration, or print what is in effect.
    Config(config::Configuration),
    /// Print what completes this command line in a shell: `source <(pinfold completions bash)`.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs a command line, `arguments` with the program's name first. What goes wrong is one sentence on standard error.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // Help and version too; where nobody reads them nothing is lost.
        Err(answer) => {
            answer.print().ok();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    match run(cli.command, &Environment::of_process()) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("pinfold: {}", chain(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, environment: &Environment) -> Result<ExitCode, Error> {
    match command {
        Command::Serve(flags) => {
            let settings = Settings::load(&flags.into(), environment)?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .map_err(Error::Begin)?;
            let ended = runtime.block_on(crate::serve(settings));
            // What still runs after the drain and its bounds is a blocking call that nobody can stop.
            runtime.shutdown_background();
            ended.map(|()| ExitCode::SUCCESS)
        }
        Command::Sandboxes(command) => {
            let runtime = one_thread().map_err(Error::Begin)?;
            Ok(runtime.block_on(command.run(environment))?)
        }
        Command::Status(command) => {
            let runtime = one_thread().map_err(Error::Begin)?;
            Ok(runtime.block_on(command.run(environment))?)
        }
        Command::Backup(command) => {
            let runtime = one_thread().map_err(Error::Begin)?;
            runtime.block_on(command.run(environment))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "pinfold", &mut script);
            let script = String::from_utf8_lossy(&script);
            output::print(&script).map_err(CommandError::Terminal)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Config(command) => Ok(command.run(environment).map_err(CommandError::Terminal)?),
    }
}

fn one_thread() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_shows_every_flag() {
        let mut command = Cli::command().term_width(100);
        command.build();
        let mut help = String::new();
        let serve = command.find_subcommand_mut("serve").unwrap();
        help.push_str(&serve.render_help().to_string());
        for action in ["check", "print"] {
            let config = command.find_subcommand_mut("config").unwrap();
            let action = config.find_subcommand_mut(action).unwrap();
            help.push_str(&action.render_help().to_string());
        }
        let sandboxes = command.find_subcommand_mut("sandboxes").unwrap();
        help.push_str(&sandboxes.render_help().to_string());
        for name in ["status", "backup"] {
            let command = command.find_subcommand_mut(name).unwrap();
            help.push_str(&command.render_help().to_string());
        }
        insta::assert_snapshot!(help);
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in [
            clap_complete::Shell::Bash,
            clap_complete::Shell::Zsh,
            clap_complete::Shell::Fish,
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "pinfold", &mut script);
            let script = String::from_utf8(script).unwrap();
            for word in ["sandboxes", "explain", "completions", "--data-dir"] {
                let word = if shell == clap_complete::Shell::Fish {
                    word.trim_start_matches('-')
                } else {
                    word
                };
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
