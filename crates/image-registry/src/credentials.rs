//! Credentials of the user's Docker configuration: `auths`, `credHelpers` and `credsStore` of `config.json`.

mod helper;

use std::collections::HashMap;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::trouble::Trouble;

/// A configuration is a page of text.
const LARGEST: u64 = 1 << 20;
/// The key of Docker Hub in a configuration without its scheme and path, and the name by which helpers know it.
const HUB: &str = "index.docker.io";
const HUB_URL: &str = "https://index.docker.io/v1/";
/// Docker writes the text with padding, others without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who we are to one registry. Debug shows no secret.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    Password {
        name: String,
        password: SecretString,
    },
    /// Given to the registry's token server for a token of its own.
    IdentityToken(SecretString),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: HashMap<String, Entry>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
}

/// Where the credentials of a registry are.
enum Found {
    Nowhere,
    Here(Credentials),
    Helper(String),
}

/// The credentials for `registry` in the file; none where it, or an entry in it, is missing.
///
/// # Errors
/// The file is there and cannot be used, or the helper that it names fails.
pub(crate) async fn of(path: &Path, registry: &str) -> Result<Option<Credentials>, Trouble> {
    let Some(text) = read(path).await? else {
        return Ok(None);
    };
    // The parser's own message could quote a secret.
    let config: DockerConfig = serde_json::from_slice(&text)
        .map_err(|error| broken(format!("line {} is not as expected", error.line())))?;
    match config.find(registry)? {
        Found::Nowhere => Ok(None),
        Found::Here(credentials) => Ok(Some(credentials)),
        Found::Helper(name) => {
            let server = if registry == HUB { HUB_URL } else { registry };
            helper::ask(&name, server).await.map_err(broken)
        }
    }
}

fn broken(why: String) -> Trouble {
    Trouble::DockerConfig(why)
}

async fn read(path: &Path) -> Result<Option<Vec<u8>>, Trouble> {
    let text = async {
        let mut text = Vec::new();
        let file = File::open(path).await?;
        file.take(LARGEST).read_to_end(&mut text).await?;
        Ok(text)
    };
    match text.await {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(broken(error.to_string())),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl DockerConfig {
    /// A helper of this registry goes before what stands in the file, and that before the helper of all, as in Docker.
    fn find(mut self, registry: &str) -> Result<Found, Trouble> {
        if let Some((_, helper)) = self
            .cred_helpers
            .iter()
            .find(|(key, helper)| host_of(key) == registry && !helper.is_empty())
        {
            return Ok(Found::Helper(helper.clone()));
        }
        let key = self
            .auths
            .keys()
            // The exact name first: `host` may stand beside `https://host/v1/`.
            .find(|key| key.as_str() == registry)
            .or_else(|| self.auths.keys().find(|key| host_of(key) == registry))
            .cloned();
        let entry = key.and_then(|key| self.auths.remove(&key));
        if let Some(credentials) = entry.unwrap_or_default().credentials()? {
            return Ok(Found::Here(credentials));
        }
        Ok(match self.creds_store {
            Some(helper) if !helper.is_empty() => Found::Helper(helper),
            _ => Found::Nowhere,
        })
    }
}

impl Entry {
    fn credentials(self) -> Result<Option<Credentials>, Trouble> {
        use secrecy::ExposeSecret as _;

        if let Some(token) = self.identitytoken.filter(is_set) {
            return Ok(Some(Credentials::IdentityToken(token)));
        }
        if let Some(auth) = self.auth.filter(is_set) {
            let (name, password) = BASE64
                .decode(auth.expose_secret())
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .and_then(|text| {
                    let (name, password) = text.split_once(':')?;
                    // Docker pads old entries with zeros.
                    Some((name.to_owned(), password.trim_end_matches('\0').to_owned()))
                })
                .ok_or_else(|| broken("an `auth` is not the base64 of name:password".to_owned()))?;
            return Ok(Some(Credentials::Password {
                name,
                password: password.into(),
            }));
        }
        Ok(match (self.username, self.password) {
            (Some(name), Some(password)) if !name.is_empty() => {
                Some(Credentials::Password { name, password })
            }
            _ => None,
        })
    }
}

fn is_set(secret: &SecretString) -> bool {
    use secrecy::ExposeSecret as _;

    !secret.expose_secret().is_empty()
}

/// `https://host/v1/` → `host`; Docker Hub has one name.
fn host_of(key: &str) -> &str {
    let rest = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    match host {
        "docker.io" | "registry-1.docker.io" => HUB,
        host => host,
    }
}

#[cfg(test)]
mod tests;
