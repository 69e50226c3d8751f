//! `pinfold config …`: is the configuration sound, and what does it say?

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::{complain, print};
use super::serve::ServeFlags;
use crate::config::{ConfigError, Environment, Settings, effective, environment_template};

#[derive(Debug, Args)]
pub(super) struct Configuration {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Read everything as `serve` would, and tell each mistake: the key, where it stands, what is allowed
    Check(ServeFlags),
    /// Print the settings that are in effect, as TOML, each with where it comes from; secrets are not shown
    Print {
        #[command(flatten)]
        flags: ServeFlags,
        /// Print a template with every environment variable instead
        #[arg(long)]
        env: bool,
    },
}

impl Configuration {
    /// The exit code is 1 where there is a mistake.
    pub(super) fn run(self, environment: &Environment) -> io::Result<ExitCode> {
        let (flags, answer): (_, fn(&Settings) -> String) = match self.action {
            Action::Print { env: true, .. } => {
                print(&environment_template())?;
                return Ok(ExitCode::SUCCESS);
            }
            Action::Print { flags, .. } => (flags, effective),
            Action::Check(flags) => (flags, sound),
        };
        match Settings::load(&flags.into(), environment) {
            Ok(settings) => {
                print(&answer(&settings))?;
                for warning in &settings.warnings {
                    complain(&format!("warning: {warning}"));
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                tell(&error);
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

fn tell(error: &ConfigError) {
    for mistake in error.mistakes() {
        complain(&format!("mistake: {mistake}"));
    }
    for warning in error.warnings() {
        complain(&format!("warning: {warning}"));
    }
    match error.mistakes().len() {
        1 => complain("The configuration cannot be used: it has a mistake."),
        some => complain(&format!(
            "The configuration cannot be used: it has {some} mistakes."
        )),
    }
}

/// What was set, and where.
fn sound(settings: &Settings) -> String {
    let mut text = String::new();
    for (key, origin) in settings.origins.all() {
        text.push_str(&format!("{key:<32} {origin}\n"));
    }
    text + "The configuration is sound; all other settings have their defaults.\n"
}
