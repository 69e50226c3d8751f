//! The server of pinfold: it reads the configuration, builds the parts, and serves the API of agent sandboxes, the
//! operator's listener and the gateway.
//!
//! It alone knows both languages, the wire's (*runtime*) and the core's (*sandbox*), and which backend and store exist.
//! The way of a request is the crate `listener` → `http/layers.rs` → `http/route.rs` → `http/router.rs` → `auth.rs` →
//! `handlers/*.rs` with `convert.rs` → the core.
//!
//! ```no_run
//! use server::{Environment, Flags, Settings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let flags = Flags { listen: Some("127.0.0.1:0".parse()?), ..Flags::default() };
//! let settings = Settings::load(&flags, &Environment::of_process())?;
//! server::serve(settings).await?;
//! # Ok(())
//! # }
//! ```

mod auth;
mod cli;
mod config;
mod convert;
mod data_dir;
mod error;
mod handlers;
mod http;
mod listeners;
mod metrics;
mod openapi;
mod operator;
mod serve;
mod shutdown;
mod telemetry;
mod wiring;

pub use cli::{CommandError, main};
pub use config::{ConfigError, Environment, Flags, Mistake, Settings};
pub use error::Error;
pub use serve::{serve, serve_over};
