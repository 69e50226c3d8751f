//! API keys of the configuration and the environment.

use runtime_core::TenantId;
use secrecy::{ExposeSecret as _, SecretString};

use super::checks::Checks;
use super::environment::Environment;
use super::sections::ApiKey;

/// Holds one or several keys, apart by commas or white space.
const VARIABLE: &str = "PINFOLD_API_KEY";

/// A key with its text.
#[derive(Debug, Clone)]
pub(crate) struct ConfiguredKey {
    pub(crate) name: String,
    pub(crate) tenant: TenantId,
    pub(crate) key: SecretString,
}

/// The keys of the environment, then those of the configuration, as far as they can be used.
pub(super) fn resolve(
    configured: &[ApiKey],
    environment: &Environment,
    checks: &mut Checks<'_>,
) -> Vec<ConfiguredKey> {
    let of_environment = from_environment(environment).map(|key| {
        let key = ConfiguredKey {
            name: VARIABLE.to_owned(),
            tenant: TenantId::default_tenant(),
            key: key.to_owned().into(),
        };
        (VARIABLE.to_owned(), key)
    });
    let mut found: Vec<_> = of_environment.collect();
    for (at, entry) in configured.iter().enumerate() {
        let place = format!("api_keys[{at}]");
        let Some(text) = text(entry, &place, checks) else {
            continue;
        };
        let key = ConfiguredKey {
            name: entry.name.clone(),
            tenant: entry
                .tenant
                .clone()
                .unwrap_or_else(TenantId::default_tenant),
            key: text.into(),
        };
        found.push((place, key));
    }
    let mut keys: Vec<ConfiguredKey> = Vec::new();
    for (place, key) in found {
        let text = key.key.expose_secret();
        let same = |other: &&ConfiguredKey| other.key.expose_secret() == text;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            checks.mistake(
                &place,
                "must be a key of printable ASCII characters without spaces",
            );
        } else if let Some(other) = keys.iter().find(same)
            && other.tenant != key.tenant
        {
            let wrong = format!(
                "has the same key as \"{}\", which stands for another tenant",
                other.name
            );
            checks.mistake(&place, wrong);
        } else {
            keys.push(key);
        }
    }
    keys
}

/// The keys in the environment.
pub(crate) fn from_environment(environment: &Environment) -> impl Iterator<Item = &str> {
    environment
        .get(VARIABLE)
        .unwrap_or_default()
        .split(|letter: char| letter == ',' || letter.is_whitespace())
        .filter(|key| !key.is_empty())
}

fn text(entry: &ApiKey, place: &str, checks: &mut Checks<'_>) -> Option<String> {
    match (&entry.key, &entry.key_file) {
        (Some(key), None) => Some(key.expose_secret().to_owned()),
        (None, Some(path)) => checks.text_of(&format!("{place}.key_file"), path),
        (None, None) | (Some(_), Some(_)) => {
            checks.mistake(place, "needs either `key` or `key_file`");
            None
        }
    }
}
