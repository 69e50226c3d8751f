//! Which server a command calls, and with which key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use runtime_api::client::Client;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::CommandError;
use crate::auth::FIRST_KEY_FILE;
use crate::config::{Environment, keys_from_environment};
use crate::data_dir::API_ADDRESS;

/// Where a server listens unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:9000";

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]
pub(super) struct Target {
    /// The server's URL [default: that of DATA_DIR, else http://127.0.0.1:9000] [env: PINFOLD_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// A key of the server [default: DATA_DIR/api-key] [env: PINFOLD_API_KEY, which `ps` does not show]
    #[arg(long, global = true, value_name = "KEY")]
    api_key: Option<SecretString>,
    /// The data directory of a server on this machine [default: ~/.local/share/pinfold] [env: PINFOLD_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// A key, and where it was found.
#[derive(Debug)]
pub(super) struct FoundKey {
    pub(super) key: SecretString,
    pub(super) place: String,
}

impl Target {
    /// A client of the server.
    pub(super) fn client(&self, environment: &Environment) -> Result<Client, CommandError> {
        let key = self.key(environment)?.key;
        Ok(Client::new(&self.url(environment), key.expose_secret())?)
    }

    /// The directory of a server on this machine, whether or not it exists.
    pub(super) fn data_dir(&self, environment: &Environment) -> Option<PathBuf> {
        data_dir(self.data_dir.as_deref(), environment)
    }

    /// The server's base URL.
    pub(super) fn url(&self, environment: &Environment) -> String {
        let variable = environment.get("PINFOLD_URL").map(str::to_owned);
        let noted = || address(&self.data_dir(environment)?, API_ADDRESS);
        self.url
            .clone()
            .or(variable)
            .or_else(noted)
            .unwrap_or_else(|| DEFAULT_URL.to_owned())
    }

    /// That of the flag, else the first one of the environment, else the one that the server's first run made.
    pub(super) fn key(&self, environment: &Environment) -> Result<FoundKey, CommandError> {
        if let Some(key) = &self.api_key {
            let (key, place) = (key.clone(), "--api-key".to_owned());
            return Ok(FoundKey { key, place });
        }
        if let Some(key) = keys_from_environment(environment).next() {
            let (key, place) = (key.to_owned().into(), "PINFOLD_API_KEY".to_owned());
            return Ok(FoundKey { key, place });
        }
        let dir = self.data_dir(environment).ok_or(CommandError::NoKey)?;
        let path = dir.join(FIRST_KEY_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(FoundKey {
                key: text.trim().to_owned().into(),
                place: path.display().to_string(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CommandError::NoKey),
            Err(source) => Err(CommandError::Unreadable { path, source }),
        }
    }
}

/// The data directory: that of the flag, of the environment, or the default.
pub(super) fn data_dir(flag: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let variable = environment.get("PINFOLD_DATA_DIR").map(PathBuf::from);
    flag.map(Path::to_owned)
        .or(variable)
        .or_else(|| environment.default_data_dir())
}

/// Where a listener of the server of this directory listens, if one noted it there.
pub(super) fn address(data_dir: &Path, name: &str) -> Option<String> {
    let address = fs::read_to_string(data_dir.join(name)).ok()?;
    Some(format!("http://{}", address.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(data_dir: Option<&Path>) -> Target {
        Target {
            url: None,
            api_key: None,
            data_dir: data_dir.map(Path::to_owned),
        }
    }

    #[test]
    fn key_and_address_come_from_the_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let (bare, with_dir) = (Environment::default(), target(Some(dir.path())));
        assert_eq!(with_dir.url(&bare), DEFAULT_URL);
        fs::write(dir.path().join(API_ADDRESS), "127.0.0.1:7\n").unwrap();
        assert_eq!(with_dir.url(&bare), "http://127.0.0.1:7");

        let none = |target: Target| matches!(target.key(&bare), Err(CommandError::NoKey));
        assert!(none(target(Some(dir.path()))) && none(target(None)));
        fs::write(dir.path().join(FIRST_KEY_FILE), "from-file\n").unwrap();
        let found = |environment| with_dir.key(environment).unwrap().key;
        assert_eq!(found(&bare).expose_secret(), "from-file");
        let several = [("PINFOLD_API_KEY", "one, two")].into_iter().collect();
        assert_eq!(found(&several).expose_secret(), "one");
    }
}
