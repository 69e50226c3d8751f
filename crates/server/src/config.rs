//! What the server is told: one TOML file, then environment variables, then flags; later ones win.
//!
//! This is the only place that reads the environment. `config/example.toml` shows every key with its default.

mod api_keys;
mod catalogue;
mod checks;
mod environment;
mod error;
mod origin;
mod print;
mod sections;
mod sources;
mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use backend_local::Programs;
use store_sqlite::SealKey;

pub(crate) use api_keys::{ConfiguredKey, from_environment as keys_from_environment};
use checks::Checks;
pub use environment::Environment;
pub use error::{ConfigError, Mistake};
use origin::Origins;
pub(crate) use print::{effective, environment as environment_template};
pub(crate) use sections::{CaseChoice, Config, Local, LogFormat};
use sources::Sources;

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

impl Flags {
    /// Key, flag and value of each that is set.
    fn values(&self) -> impl Iterator<Item = (&'static str, &'static str, String)> {
        let text = |flag: Option<SocketAddr>| flag.map(|address| address.to_string());
        let data_dir = self.data_dir.as_ref();
        let values = [
            ("listen", "--listen", text(self.listen)),
            (
                "operator.listen",
                "--operator-listen",
                text(self.operator_listen),
            ),
            (
                "data_dir",
                "--data-dir",
                data_dir.map(|path| path.display().to_string()),
            ),
            ("log.format", "--log-format", self.log_format.clone()),
        ];
        let set = values
            .into_iter()
            .map(|(key, flag, value)| value.map(|value| (key, flag, value)));
        set.flatten()
    }
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
    /// Which programs run for which images.
    pub(crate) programs: Programs,
    /// What the sealed parts of records are encrypted with.
    pub(crate) seal_key: Option<SealKey>,
    /// What works, and is hardly what somebody wants.
    pub(crate) warnings: Vec<Mistake>,
    pub(crate) origins: Origins,
}

impl Settings {
    /// Reads file, environment and flags.
    ///
    /// # Errors
    /// [`ConfigError`], which tells every mistake with its key, its place and what is allowed.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let path = flags.config.clone().or_else(|| environment.config_file());
        let mut sources = Sources::read(path.as_deref(), environment, flags);
        let config = sources.config();
        let mut checks = Checks::new(&sources.origins);
        config.check(&mut checks);
        let api_keys = api_keys::resolve(&config.api_keys, environment, &mut checks);
        let programs = config.local.programs(&mut checks);
        let seal_key = config.seal_key(&mut checks);
        // As it was given: a path need not be text.
        let data_dir = flags
            .data_dir
            .clone()
            .or_else(|| config.data_dir.clone())
            .or_else(|| environment.default_data_dir());
        if data_dir.is_none() {
            checks.mistake(
                "data_dir",
                "must be set, also as PINFOLD_DATA_DIR or --data-dir: neither XDG_DATA_HOME nor HOME is an absolute path",
            );
        }
        let Checks {
            mistakes: more,
            warnings,
            ..
        } = checks;
        let mut mistakes = sources.mistakes;
        mistakes.extend(more);
        match data_dir {
            Some(data_dir) if mistakes.is_empty() => Ok(Self {
                config,
                data_dir,
                api_keys,
                search_path: environment.search_path(),
                programs,
                seal_key,
                warnings,
                origins: sources.origins,
            }),
            _ => Err(ConfigError::new(mistakes, warnings)),
        }
    }
}

#[cfg(test)]
mod tests;
