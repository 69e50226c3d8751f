//! `pinfold sandboxes start` and `resume`: a sandbox, and the wait for it.

use std::time::Duration;

use clap::Args;
use runtime_api::client::Client;
use runtime_api::{Command, Runtime, StartRequest};
use serde_json::json;

use super::error::CommandError;
use super::output::print;
use super::progress;
use super::table;

#[derive(Debug, Args)]
pub(super) struct Start {
    /// The image
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// The session that it serves [default: a new one]
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// A variable of its environment; may be given more than once
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    environment: Vec<(String, String)>,
    /// Its working directory, in the terms of the image
    #[arg(long, value_name = "DIR")]
    working_dir: Option<String>,
    #[command(flatten)]
    wait: Wait,
    /// Its program and arguments [default: those of the image]
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

/// How long to wait.
#[derive(Debug, Args)]
pub(super) struct Wait {
    /// How long to wait until it is ready, in seconds; 0 for not at all
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
}

fn variable(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE"),
    }
}

impl Start {
    pub(super) async fn run(self, client: &Client, as_json: bool) -> Result<(), CommandError> {
        let wait = Wait {
            wait: self.wait.wait,
        };
        let request = self.request()?;
        let started = client.start(&request).await;
        let started = started.map_err(CommandError::of("cannot start a sandbox"))?;
        wait.run(client, started, as_json).await
    }

    fn request(self) -> Result<StartRequest, CommandError> {
        let mut request = StartRequest::of_image(self.image);
        request.working_dir = self.working_dir;
        for (name, value) in &self.environment {
            request.environment = request.environment.with(name, value)?;
        }
        if !self.command.is_empty() {
            request = request.with_command(Command::Words(self.command))?;
        }
        Ok(match self.session {
            Some(session) => request.in_session(session),
            None => request,
        })
    }
}

impl Wait {
    /// Waits, and shows the sandbox.
    pub(super) async fn run(
        &self,
        client: &Client,
        runtime: Runtime,
        as_json: bool,
    ) -> Result<(), CommandError> {
        let bound = Duration::from_secs(self.wait);
        let runtime = if bound.is_zero() {
            runtime
        } else {
            progress::wait(client, &runtime, bound).await?
        };
        let shown = if as_json {
            format!("{}\n", json!(runtime))
        } else {
            table::one(&runtime)
        };
        Ok(print(&shown)?)
    }
}
