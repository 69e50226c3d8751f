//! Sandboxes as process groups of this machine (Linux): the embedded default, for laptops and tests.
//!
//! One directory per sandbox, below one root. Every boot has a parent of its own, the *shim* ([`shim_main`]): a small
//! process that starts the program, keeps what it writes, notes how it ends and ends whatever it left behind. The shim
//! does not need the server: [`LocalBackend`] finds it again by its process id and start time, so that neither an
//! update nor a `kill -9` of the server loses a sandbox, a line of its log or an exit code.
//!
//! There is **no isolation** between sandboxes, nor between a sandbox and its owner: programs run as the server's user
//! (a user id in the request is ignored), see this machine's files and share its network. Image names are mapped to
//! programs that are installed here ([`Programs`]); [`LocalBackend::check`](runtime_core::SandboxBackend::check)
//! refuses the others.
//!
//! ```no_run
//! use std::ffi::OsString;
//!
//! use backend_local::{LocalBackend, LocalSettings};
//! use runtime_core::{InstallationId, SandboxBackend as _};
//!
//! # async fn example(installation: InstallationId) -> Result<(), Box<dyn std::error::Error>> {
//! // The binary that calls `backend_local::shim_main` when its first argument is `shim`.
//! let shim = vec![std::env::current_exe()?.into_os_string(), OsString::from("shim")];
//! let path = OsString::from("/usr/local/bin:/usr/bin:/bin");
//! let settings = LocalSettings::new("/var/lib/pinfold/sandboxes", installation, shim, path);
//! let backend = LocalBackend::new(settings)?;
//! assert!(backend.capabilities().keeps_disk);
//! # Ok(())
//! # }
//! ```

mod adopt;
mod arguments;
mod backend;
mod boot;
mod cgroup;
mod config;
mod disk;
mod environment;
mod error;
mod host;
mod launch;
mod leftovers;
mod logs;
mod names;
mod observe;
mod pid_file;
mod ports;
mod process;
mod programs;
mod registry;
mod shim;
mod strays;
mod watch;
mod workspace;

pub use backend::LocalBackend;
pub use config::{Limits, LocalSettings, LogLimits};
pub use error::LocalError;
pub use programs::{InvalidProgram, Program, Programs};
pub use shim::shim_main;
