//! `pinfold sandboxes …`: what an operator does with the sandboxes of a running server.

use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};
use runtime_api::LifecycleRequest;
use runtime_api::client::{Client, segment};
use runtime_core::{Clock as _, SystemClock};
use serde_json::value::RawValue;

use super::error::CommandError;
use super::exec::Exec;
use super::explain::explain;
use super::output::{complain, print};
use super::start::{Start, Wait};
use super::table;
use super::target::Target;
use crate::config::Environment;
use crate::http::error::chain;

/// Every sandbox that is not stopped.
const OPEN: &str = "/list?state=open";

#[derive(Debug, Args)]
pub(super) struct Sandboxes {
    #[command(flatten)]
    target: Target,
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
    /// Start a sandbox, or find the one of a session, and wait until it is ready
    Start(Start),
    /// Take the compute of a sandbox away; its disk stays
    Pause {
        /// A sandbox's id, or its session's
        id: String,
    },
    /// Bring a paused or failed sandbox back, and wait until it is ready
    Resume {
        /// A sandbox's id, or its session's
        id: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Tell in sentences where a sandbox is, why, what it waits for, and what happened to it
    Explain {
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
        let client = self.target.client(environment)?;
        match self.action {
            Action::List { all } => list(&client, all, self.json).await?,
            Action::Get { id } => get(&client, &id, self.json).await?,
            Action::Start(start) => start.run(&client, self.json).await?,
            Action::Pause { id } => pause(&client, &id, self.json).await?,
            Action::Resume { id, wait } => {
                let resumed = client.resume(&id).await;
                let resumed = resumed.map_err(CommandError::of(format!("cannot resume {id}")))?;
                wait.run(&client, resumed, self.json).await?;
            }
            Action::Explain { id } => {
                explain(&client, &id, SystemClock.now(), self.json).await?;
            }
            Action::Events { id } => events(&client, &id, self.json).await?,
            Action::Logs { id, bytes } => logs(&client, &id, bytes, self.json).await?,
            Action::Stop(stop) => self::stop(&client, stop, self.json).await?,
            Action::Exec(exec) => return exec.run(&client, self.json).await,
        }
        Ok(ExitCode::SUCCESS)
    }
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

async fn pause(client: &Client, id: &str, json: bool) -> Result<(), CommandError> {
    let told = CommandError::of(format!("cannot pause {id}"));
    if json {
        let request = LifecycleRequest::of(id);
        let answer: Box<RawValue> = client.post_json("/pause", &request).await.map_err(told)?;
        return print_raw(&answer);
    }
    let paused = client.pause(id).await.map_err(told)?;
    let id = paused.map_or_else(|| id.to_owned(), |runtime| runtime.runtime_id);
    Ok(print(&format!("{id} paused\n"))?)
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

/// The path of a sandbox, or below it; an id of any letters is one segment.
pub(super) fn path(id: &str, rest: &str) -> String {
    format!("/runtime/{}{rest}", segment(id))
}
