//! API keys of the configuration and the environment.

use std::fs;
use std::path::PathBuf;

use runtime_core::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::environment::Environment;
use super::error::ConfigError;
use super::values::secret;

/// Holds one or several keys, apart by commas or white space.
const VARIABLE: &str = "PINFOLD_API_KEY";

/// One `[[api_keys]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    /// For the log.
    name: String,
    tenant: Option<TenantId>,
    #[serde(default, deserialize_with = "secret")]
    key: Option<SecretString>,
    key_file: Option<PathBuf>,
}

/// A key with its text.
#[derive(Debug, Clone)]
pub(crate) struct ConfiguredKey {
    pub(crate) name: String,
    pub(crate) tenant: TenantId,
    pub(crate) key: SecretString,
}

/// The keys of the environment, then those of the configuration.
pub(super) fn resolve(
    configured: &[ApiKey],
    environment: &Environment,
) -> Result<Vec<ConfiguredKey>, ConfigError> {
    let mut keys: Vec<ConfiguredKey> = from_environment(environment)
        .map(|key| ConfiguredKey {
            name: VARIABLE.to_owned(),
            tenant: TenantId::default_tenant(),
            key: key.to_owned().into(),
        })
        .collect();
    for (at, entry) in configured.iter().enumerate() {
        let place = format!("api_keys[{at}]");
        let key = text(entry, &place)?;
        keys.push(ConfiguredKey {
            name: entry.name.clone(),
            tenant: entry
                .tenant
                .clone()
                .unwrap_or_else(TenantId::default_tenant),
            key: key.into(),
        });
    }
    for (at, key) in keys.iter().enumerate() {
        let text = key.key.expose_secret();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::setting(
                &key.name,
                "must be a key of printable ASCII characters without spaces",
            ));
        }
        let same = |other: &&ConfiguredKey| other.key.expose_secret() == text;
        if let Some(other) = keys.iter().take(at).find(same)
            && other.tenant != key.tenant
        {
            let mistake = format!(
                "has the same key as {}, which stands for another tenant",
                other.name
            );
            return Err(ConfigError::setting(&key.name, mistake));
        }
    }
    Ok(keys)
}

/// The keys in the environment.
pub(crate) fn from_environment(environment: &Environment) -> impl Iterator<Item = &str> {
    environment
        .get(VARIABLE)
        .unwrap_or_default()
        .split(|letter: char| letter == ',' || letter.is_whitespace())
        .filter(|key| !key.is_empty())
}

fn text(entry: &ApiKey, place: &str) -> Result<String, ConfigError> {
    match (&entry.key, &entry.key_file) {
        (Some(key), None) => Ok(key.expose_secret().to_owned()),
        (None, Some(path)) => fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(|source| ConfigError::Unreadable {
                path: path.clone(),
                source,
            }),
        (None, None) | (Some(_), Some(_)) => Err(ConfigError::setting(
            place,
            "needs either `key` or `key_file`",
        )),
    }
}
