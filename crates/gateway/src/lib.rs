//! The reverse proxy that leads clients to sandboxes.
//!
//! A request comes in at a door (a port of the gateway), which says *which service of which sandbox* is meant. Then
//! [`Routes`](runtime_core::Routes), the only thing that the gateway knows of the rest of the server, says where that
//! service is now. A pure table decides whether the request is forwarded, held while the sandbox heals, or refused; and
//! what is forwarded streams through unchanged, in both directions, for as long as it takes.
//!
//! The way of one request, file by file: `listener` → `connection` → `target` → `forward` with `decide` and `hold` →
//! `upstream` and `link` → `body`, or `upgrade` and `tunnel` for WebSockets; `reply` for our own answers.
//!
//! ```
//! use gateway::{Gateway, GatewaySettings};
//! use runtime_core::sandbox::Service;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = GatewaySettings { ports: 27_000..=27_999, ..GatewaySettings::default() };
//! let gateway = Gateway::new(settings);
//!
//! // The core gets the addresses; its routes then go to `gateway.serve(core.routes())`.
//! let addresses = gateway.addresses();
//! let label = "abcdefghijklmnop".parse()?;
//! let ports = addresses.reserve(&label)?;
//! let url = addresses.public(&label, &ports, Service::Agent);
//! assert!(url.is_some_and(|url| url.as_str().starts_with("http://127.0.0.1:27")));
//! # Ok(())
//! # }
//! ```

mod addresses;
mod body;
mod config;
mod connection;
mod decide;
mod forward;
mod gateway;
mod headers;
mod hold;
mod link;
mod listener;
mod metrics;
mod ports;
mod reply;
mod target;
mod time;
mod tunnel;
mod upgrade;
mod upstream;
mod websocket;

pub use config::GatewaySettings;
pub use gateway::Gateway;
