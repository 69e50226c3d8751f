//! What the server is told: one TOML file, then environment variables, then flags; later ones win.
//!
//! This is the only place that reads the environment. `config/example.toml` shows every key with its default.

mod environment;
mod error;
mod file;
mod keys;
mod sources;
mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use environment::Environment;
pub use error::ConfigError;
pub(crate) use file::{CaseChoice, Command, Config, LogFormat};
pub(crate) use keys::{ConfiguredKey, from_environment as keys_from_environment};

/// What the command line says; it wins over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Where the API listens.
    pub listen: Option<SocketAddr>,
    /// Where the operator's listener listens.
    pub operator_listen: Option<SocketAddr>,
    /// Where records, logs and workspaces are kept.
    pub data_dir: Option<PathBuf>,
    /// How the log is written: `human` or `json`.
    pub log_format: Option<String>,
}

/// Everything that the server is told, checked.
#[derive(Debug)]
pub struct Settings {
    pub(crate) config: Config,
    /// Where records, logs and workspaces are kept.
    pub(crate) data_dir: PathBuf,
    /// Keys of clients; none: the first run makes one.
    pub(crate) api_keys: Vec<ConfiguredKey>,
    /// `PATH`, by which programs of the local backend are found.
    pub(crate) search_path: OsString,
}

impl Settings {
    /// Reads file and environment.
    ///
    /// # Errors
    /// [`ConfigError`], which names the key, its place and what is allowed.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let path = flags.config.clone().or_else(|| environment.config_file());
        let mut config = sources::read(path.as_deref(), environment)?;
        if let Some(listen) = flags.listen {
            config.listen = listen;
        }
        if let Some(listen) = flags.operator_listen {
            config.operator.listen = Some(listen);
        }
        if let Some(format) = &flags.log_format {
            config.log.format = values::flag("--log-format", format)?;
        }
        config.check()?;
        let data_dir = flags
            .data_dir
            .clone()
            .or_else(|| config.data_dir.clone())
            .or_else(|| environment.default_data_dir())
            .ok_or(ConfigError::NoHome)?;
        Ok(Self {
            api_keys: keys::resolve(&config.api_keys, environment)?,
            data_dir,
            search_path: environment.search_path(),
            config,
        })
    }
}

#[cfg(test)]
mod tests;
