//! `pinfold status`: is the server up, and how is it?

use std::process::ExitCode;

use clap::Args;
use runtime_api::client::{Client, ClientError};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::error::CommandError;
use super::output::print;
use super::target::{Target, address};
use crate::config::Environment;
use crate::data_dir::{API_ADDRESS, OPERATOR_ADDRESS};
use crate::http::error::chain;
use crate::operator::Readiness;

#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    target: Target,
    /// Print the same as JSON
    #[arg(long)]
    json: bool,
}

/// What was found out, a line each.
#[derive(Debug, Default)]
struct Found {
    lines: Vec<(&'static str, String)>,
    is_well: bool,
}

impl Status {
    /// The exit code is 0 where the server answers and is ready.
    pub(super) async fn run(self, environment: &Environment) -> Result<ExitCode, CommandError> {
        let mut found = Found {
            is_well: true,
            ..Found::default()
        };
        let url = self.target.url(environment);
        found.api(&url).await;
        // The operator's listener is known from the data directory alone, and only where that is this server's.
        let data_dir = self.target.data_dir(environment);
        let noted = |name| address(data_dir.as_ref()?, name);
        match noted(OPERATOR_ADDRESS) {
            Some(operator) if noted(API_ADDRESS).as_ref() == Some(&url) => {
                found.operator(&operator).await;
            }
            Some(_) | None => found.tell(
                "operator",
                "not known: no server of the data directory listens at this URL",
            ),
        }
        if let Some(dir) = &data_dir {
            found.tell("data", dir.display().to_string());
        }
        found.key(&self.target, &url, environment).await;
        if self.json {
            let mut all: serde_json::Map<_, _> = (found.lines.iter())
                .map(|(name, text)| ((*name).to_owned(), json!(text)))
                .collect();
            all.insert("well".to_owned(), json!(found.is_well));
            print(&format!("{}\n", json!(all)))?;
        } else {
            let line = |(name, text): &(_, _)| format!("{name:<10} {text}\n");
            print(&found.lines.iter().map(line).collect::<String>())?;
        }
        Ok(if found.is_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

impl Found {
    fn tell(&mut self, name: &'static str, text: impl Into<String>) {
        self.lines.push((name, text.into()));
    }

    fn is_bad(&mut self, name: &'static str, text: impl Into<String>) {
        self.tell(name, text);
        self.is_well = false;
    }

    async fn api(&mut self, url: &str) {
        match health(url).await {
            Ok(()) => self.tell("server", format!("{url} answers")),
            Err(error) => self.is_bad("server", format!("does not answer: {}", chain(&error))),
        }
    }

    async fn operator(&mut self, url: &str) {
        self.tell("operator", url);
        match readiness(url).await {
            Ok(ready) => self.readiness(&ready),
            Err(error) => self.is_bad("ready", format!("no: {}", chain(&error))),
        }
    }

    fn readiness(&mut self, ready: &Readiness) {
        self.tell("version", ready.version.clone());
        match ready.ready {
            true => self.tell("ready", "yes"),
            false => self.is_bad("ready", format!("no: {}", ready.reasons.join("; "))),
        }
        self.tell(
            "store",
            if ready.store {
                "answers"
            } else {
                "does not answer"
            },
        );
        for (name, fresh) in &ready.backends {
            let seen = if *fresh {
                "up to date"
            } else {
                "not up to date"
            };
            self.tell("backend", format!("{name}: what is seen of it is {seen}"));
        }
        let (live, open) = (ready.live, ready.unfinished);
        self.tell(
            "sandboxes",
            format!("{live} starting or running, {open} not stopped"),
        );
        if ready.orphan_boots + ready.orphan_disks > 0 {
            let (boots, disks) = (ready.orphan_boots, ready.orphan_disks);
            self.tell(
                "orphans",
                format!("{boots} boots and {disks} disks without a record"),
            );
        }
    }

    async fn key(&mut self, target: &Target, url: &str, environment: &Environment) {
        let found = match target.key(environment) {
            Ok(found) => found,
            Err(error) => return self.is_bad("API key", chain(&error)),
        };
        let place = found.place;
        let asked = match Client::new(url, found.key.expose_secret()) {
            Ok(client) => client.registry_prefix().await.map(|_| ()),
            Err(error) => Err(error),
        };
        match asked {
            Ok(()) => self.tell("API key", format!("{place}, accepted")),
            Err(error) if error.is_unauthorized() => {
                self.is_bad("API key", format!("{place}, refused by the server"));
            }
            Err(_) => self.tell("API key", place),
        }
    }
}

async fn health(url: &str) -> Result<(), ClientError> {
    Client::builder(url).build()?.health().await.map(|_| ())
}

/// What `/readyz` says; the reasons of a refusal are its sentence.
async fn readiness(url: &str) -> Result<Readiness, ClientError> {
    Client::builder(url).build()?.get_json("/readyz").await
}
