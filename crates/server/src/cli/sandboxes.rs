//! `pinfold sandboxes …`: what an operator does with the sandboxes of a running server.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};
use runtime_api::LifecycleRequest;
use runtime_api::client::{Client, segment};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::value::RawValue;

use super::error::CommandError;
use super::exec::Exec;
use super::output::{complain, print};
use super::table;
use crate::auth::FIRST_KEY_FILE;
use crate::config::{Environment, keys_from_environment};
use crate::data_dir::API_ADDRESS;
use crate::http::error::chain;

/// Every sandbox that is not stopped.
const OPEN: &str = "/list?state=open";
/// Where a server listens unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:9000";

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]
pub(super) struct Sandboxes {
    /// The server's URL [default: that of DATA_DIR, else http://127.0.0.1:9000] [env: PINFOLD_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// A key of the server [default: DATA_DIR/api-key] [env: PINFOLD_API_KEY, which `ps` does not show]
    #[arg(long, global = true, value_name = "KEY")]
    api_key: Option<SecretString>,
    /// The data directory of a server on this machine [default: ~/.local/share/pinfold] [env: PINFOLD_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print the server's answer as JSON; it holds the sandboxes' keys
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the sandboxes that are starting or running
    List {
        /// The paused and failed ones, too
        #[arg(long)]
        all: bool,
    },
    /// Show one sandbox
    Get {
        /// A sandbox's id, or its session's
        id: String,
    },
    /// Show what happened to a sandbox, and why
    Events {
        /// A sandbox's id, or its session's
        id: String,
    },
    /// Show the end of what a sandbox wrote
    Logs {
        /// A sandbox's id, or its session's
        id: String,
        /// How much of it, in bytes
        #[arg(long, default_value_t = 64 << 10)]
        bytes: u64,
    },
    /// Stop sandboxes: their compute and their disks go
    Stop(Stop),
    /// Run a command in a sandbox, and end with its exit code
    Exec(Exec),
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true)))]
struct Stop {
    /// Ids of sandboxes, or of their sessions
    #[arg(group = "which", value_name = "ID")]
    ids: Vec<String>,
    /// Every sandbox, the paused and failed ones, too
    #[arg(long, group = "which")]
    all: bool,
}

impl Sandboxes {
    pub(super) async fn run(self, environment: &Environment) -> Result<ExitCode, CommandError> {
        let data_dir = self
            .data_dir
            .or_else(|| environment.get("PINFOLD_DATA_DIR").map(PathBuf::from))
            .or_else(|| environment.default_data_dir());
        let key = match self.api_key {
            Some(key) => key,
            None => key(environment, data_dir.as_ref())?,
        };
        let url = self
            .url
            .or_else(|| environment.get("PINFOLD_URL").map(str::to_owned))
            .unwrap_or_else(|| url(data_dir.as_ref()));
        let client = Client::new(&url, key.expose_secret())?;
        match self.action {
            Action::List { all } => list(&client, all, self.json).await?,
            Action::Get { id } => get(&client, &id, self.json).await?,
            Action::Events { id } => events(&client, &id, self.json).await?,
            Action::Logs { id, bytes } => logs(&client, &id, bytes, self.json).await?,
            Action::Stop(stop) => self::stop(&client, stop, self.json).await?,
            Action::Exec(exec) => return exec.run(&client, self.json).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The first key of the environment, else the one that the server's first run made.
fn key(
    environment: &Environment,
    data_dir: Option<&PathBuf>,
) -> Result<SecretString, CommandError> {
    if let Some(key) = keys_from_environment(environment).next() {
        return Ok(key.to_owned().into());
    }
    let path = data_dir.ok_or(CommandError::NoKey)?.join(FIRST_KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_owned().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CommandError::NoKey),
        Err(source) => Err(CommandError::Unreadable { path, source }),
    }
}

/// Where the server of the data directory listens, if one noted it there.
fn url(data_dir: Option<&PathBuf>) -> String {
    data_dir
        .and_then(|dir| fs::read_to_string(dir.join(API_ADDRESS)).ok())
        .map_or_else(
            || DEFAULT_URL.to_owned(),
            |address| format!("http://{}", address.trim()),
        )
}

async fn list(client: &Client, all: bool, json: bool) -> Result<(), CommandError> {
    const WHAT: &str = "cannot list the sandboxes";

    if json {
        return as_sent(client, if all { OPEN } else { "/list" }, WHAT).await;
    }
    let list = if all {
        client.list_open().await
    } else {
        client.list().await
    };
    let list = list.map_err(CommandError::of(WHAT))?;
    Ok(print(&table::list(&list.runtimes))?)
}

async fn get(client: &Client, id: &str, json: bool) -> Result<(), CommandError> {
    let what = format!("cannot look up {id}");
    if json {
        return as_sent(client, &path(id, ""), what).await;
    }
    let runtime = client.runtime(id).await.map_err(CommandError::of(what))?;
    Ok(print(&table::one(&runtime))?)
}

async fn events(client: &Client, id: &str, json: bool) -> Result<(), CommandError> {
    let what = format!("cannot look up the events of {id}");
    if json {
        return as_sent(client, &path(id, "/events"), what).await;
    }
    let events = client.events(id).await.map_err(CommandError::of(what))?;
    Ok(print(&table::events(&events))?)
}

async fn logs(client: &Client, id: &str, bytes: u64, json: bool) -> Result<(), CommandError> {
    let what = format!("cannot read the logs of {id}");
    if json {
        return as_sent(client, &path(id, &format!("/logs?bytes={bytes}")), what).await;
    }
    let logs = client.logs(id, bytes).await;
    Ok(print(&logs.map_err(CommandError::of(what))?)?)
}

/// Each on its own: one that cannot be stopped keeps no other alive.
async fn stop(client: &Client, stop: Stop, json: bool) -> Result<(), CommandError> {
    let ids = if stop.all {
        let open = client.list_open().await;
        let open = open.map_err(CommandError::of("cannot list the sandboxes"))?;
        let runtimes = open.runtimes.into_iter();
        runtimes.map(|runtime| runtime.runtime_id).collect()
    } else {
        stop.ids
    };
    let mut failed = 0;
    for id in &ids {
        match stop_one(client, id, json).await {
            Ok(()) => {}
            Err(error) if ids.len() == 1 => return Err(error),
            Err(error) => {
                complain(&format!("pinfold: {}", chain(&error)));
                failed += 1;
            }
        }
    }
    if failed > 0 {
        let all = ids.len();
        return Err(CommandError::Some { failed, all });
    }
    Ok(())
}

async fn stop_one(client: &Client, id: &str, json: bool) -> Result<(), CommandError> {
    let told = CommandError::of(format!("cannot stop {id}"));
    if json {
        let request = LifecycleRequest::of(id);
        let answer: Box<RawValue> = client.post_json("/stop", &request).await.map_err(told)?;
        return print_raw(&answer);
    }
    // The id may be a session's: the answer names the sandbox.
    let stopped = client.stop(id).await.map_err(told)?;
    let id = stopped.map_or_else(|| id.to_owned(), |runtime| runtime.runtime_id);
    Ok(print(&format!("{id} stopped\n"))?)
}

/// The server's answer to a `GET` as it came.
async fn as_sent(client: &Client, path: &str, what: impl Into<String>) -> Result<(), CommandError> {
    let answer: Box<RawValue> = client
        .get_json(path)
        .await
        .map_err(CommandError::of(what))?;
    print_raw(&answer)
}

fn print_raw(answer: &RawValue) -> Result<(), CommandError> {
    Ok(print(&format!("{}\n", answer.get()))?)
}

fn path(id: &str, rest: &str) -> String {
    format!("/runtime/{}{rest}", segment(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_address_come_from_the_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_owned();
        assert_eq!(url(Some(&path)), DEFAULT_URL);
        fs::write(path.join(API_ADDRESS), "127.0.0.1:7\n").unwrap();
        assert_eq!(url(Some(&path)), "http://127.0.0.1:7");

        let bare = Environment::default();
        assert!(matches!(key(&bare, Some(&path)), Err(CommandError::NoKey)));
        assert!(matches!(key(&bare, None), Err(CommandError::NoKey)));
        fs::write(path.join(FIRST_KEY_FILE), "from-file\n").unwrap();
        let found = |environment| key(environment, Some(&path)).unwrap();
        assert_eq!(found(&bare).expose_secret(), "from-file");
        let several = [("PINFOLD_API_KEY", "one, two")].into_iter().collect();
        assert_eq!(found(&several).expose_secret(), "one");
    }
}
