//! Images in registries: does one exist, how large is it, since when.
//!
//! [`ImageRegistry`] is the core's [`Images`](runtime_core::Images) over the OCI distribution API. One look-up reads the
//! manifest, for an index that of the platform, and the configuration blob, with the token or basic authentication that
//! the registry asks for and the credentials of the user's Docker configuration. What is bounded: the time of a look-up,
//! the bytes of each answer, the redirects, the look-ups at a time, the answers that are remembered.
//!
//! The way of a look-up is `registry` (remembered? else one asks for all) → `look_up` (manifest, platform, blob) →
//! `access` (authentication, redirects) → `exchange` (connection, TLS, bounded answer).
//!
//! ```no_run
//! use image_registry::{ImageRegistry, RegistrySettings};
//! use runtime_core::Images as _;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = ImageRegistry::new(RegistrySettings::default())?;
//! match registry.look_up(&"ghcr.io/openhands/agent-server:1.58.2-python".parse()?).await? {
//!     Some(facts) => println!("{} bytes", facts.size_bytes),
//!     None => println!("no such image"),
//! }
//! # Ok(())
//! # }
//! ```

mod access;
mod challenge;
mod credentials;
mod exchange;
mod hosts;
mod look_up;
mod manifest;
mod reference;
mod registry;
mod settings;
mod tls;
mod token;
mod trouble;

pub use hosts::{HostPattern, InvalidHostPattern};
pub use registry::ImageRegistry;
pub use settings::RegistrySettings;
pub use tls::SetupError;
