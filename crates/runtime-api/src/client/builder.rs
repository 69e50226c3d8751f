//! How a client is put together.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use super::transport::Transport;
use super::{ApiKey, Client, ClientError};
use crate::SessionApiKey;

/// Above the limit that a server of this API has for itself (contract §1.11).
const TIME_OUT: Duration = Duration::from_secs(20);
/// Who asks, unless said otherwise.
const USER_AGENT: &str = concat!("pinfold-client/", env!("CARGO_PKG_VERSION"));

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const SESSION_API_KEY: HeaderName = HeaderName::from_static("x-session-api-key");

/// Settings of a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    base_url: String,
    key: Option<(HeaderName, ApiKey)>,
    time_out: Duration,
    user_agent: String,
}

impl ClientBuilder {
    pub(super) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            key: None,
            time_out: TIME_OUT,
            user_agent: USER_AGENT.to_owned(),
        }
    }

    /// The key that every call is sent with, in `X-API-Key`; without one only the health can be asked for.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<ApiKey>) -> Self {
        self.key = Some((API_KEY, key.into()));
        self
    }

    /// The key of one runtime, in `X-Session-API-Key`: for a client whose base URL is the `url` of that runtime, and
    /// which therefore speaks to the agent in it.
    #[must_use]
    pub fn session_api_key(mut self, key: &SessionApiKey) -> Self {
        self.key = Some((SESSION_API_KEY, ApiKey::new(key.expose())));
        self
    }

    /// How long one call may take, from the connection to the last byte of the answer; 20 seconds unless said otherwise.
    #[must_use]
    pub const fn time_out(mut self, time_out: Duration) -> Self {
        self.time_out = time_out;
        self
    }

    /// Who asks, as the server sees it.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The client. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// A base URL that cannot be called, a key or a user agent that cannot be sent, or, for `https`, no authorities to
    /// trust.
    pub fn build(self) -> Result<Client, ClientError> {
        let base = checked(&self.base_url)?;
        let key = match self.key {
            None => None,
            Some((name, key)) => Some((name, secret(&key)?)),
        };
        let user_agent = HeaderValue::try_from(self.user_agent)
            .or(Err(ClientError::Header { what: "user agent" }))?;
        let transport = Transport::new(base, key, user_agent, self.time_out)?;
        Ok(Client { transport })
    }
}

fn secret(key: &ApiKey) -> Result<HeaderValue, ClientError> {
    let mut value =
        HeaderValue::try_from(key.expose()).or(Err(ClientError::Header { what: "key" }))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The base without trailing slashes.
fn checked(url: &str) -> Result<String, ClientError> {
    let refused = |url: &str, why| ClientError::Url {
        url: url.to_owned(),
        why,
    };
    let Ok(uri) = url.parse::<Uri>() else {
        // What cannot be read may hold a password, too.
        return Err(refused("this address", "it is no URL"));
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        let host = uri.host().unwrap_or_default();
        return Err(refused(host, "a user's name has no place in the URL"));
    }
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refused(url, "it must begin with http:// or https://"));
    }
    if uri.query().is_some() || url.contains('#') {
        return Err(refused(url, "a base URL has no query and no fragment"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_have_a_path_and_trailing_slashes() {
        for (url, base) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://h//", "http://h"),
            ("https://h/v0/runtime/", "https://h/v0/runtime"),
            ("http://[::1]:9000", "http://[::1]:9000"),
        ] {
            assert_eq!(checked(url).unwrap(), base);
        }
    }

    #[test]
    fn what_cannot_be_called_is_told_without_a_password() {
        for (url, sentence) in [
            ("", "cannot call this address: it is no URL"),
            ("http://", "cannot call this address: it is no URL"),
            ("http://a b", "cannot call this address: it is no URL"),
            (
                "/list",
                "cannot call /list: it must begin with http:// or https://",
            ),
            (
                "h:9000",
                "cannot call h:9000: it must begin with http:// or https://",
            ),
            (
                "ftp://h",
                "cannot call ftp://h: it must begin with http:// or https://",
            ),
            (
                "http://h/?a=b",
                "cannot call http://h/?a=b: a base URL has no query and no fragment",
            ),
            (
                "http://u:secret@h/",
                "cannot call h: a user's name has no place in the URL",
            ),
        ] {
            assert_eq!(checked(url).unwrap_err().to_string(), sentence, "{url}");
        }
    }

    #[test]
    fn neither_a_builder_nor_a_client_nor_an_error_shows_the_key() {
        let builder = Client::builder("http://h").api_key("my-secret");
        assert!(!format!("{builder:?}").contains("my-secret"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("my-secret"));
        let odd = Client::new("http://h", "my-secret\n").unwrap_err();
        assert!(!format!("{odd:?} {odd}").contains("my-secret"));
    }
}
