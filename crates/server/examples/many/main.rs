//! The server over a world that is only pretended: its API, core, store and gateway are the real ones, and a sandbox is
//! a line in a file. So its own share can be measured with 10,000 of them on a laptop (`cargo xtask bench reads`).
//!
//! It takes the command line of `pinfold serve`, and like there `kill -9` and another start change nothing that clients
//! see: the world is kept in the file `world.jsonl` of the data directory.

mod agent;
mod ledger;
mod world;

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use server::{Environment, Flags, Settings};

use crate::agent::AlwaysReady;
use crate::world::PretendedWorld;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// As `pinfold serve`
    Serve {
        #[arg(long)]
        config: Option<PathBuf>,
        #[arg(long)]
        listen: Option<SocketAddr>,
        #[arg(long)]
        data_dir: PathBuf,
    },
}

fn main() -> Result<()> {
    let Command::Serve {
        config,
        listen,
        data_dir,
    } = Cli::parse().command;
    // As the server makes it, which comes later.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&data_dir)
        .context("cannot make the data directory")?;
    let world = PretendedWorld::open(&data_dir.join("world.jsonl"))?;
    let flags = Flags {
        config,
        listen,
        data_dir: Some(data_dir),
        ..Flags::default()
    };
    let settings = Settings::load(&flags, &Environment::of_process())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = server::serve_over(settings, Arc::new(world), Arc::new(AlwaysReady));
    Ok(runtime.block_on(served)?)
}
