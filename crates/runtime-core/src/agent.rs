//! What runs inside a sandbox, over its own HTTP API.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::sandbox::AgentState;
use crate::secret::SessionKey;

/// Where an agent is asked: the base of its URLs without a trailing slash, such as `http://127.0.0.1:20000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(String);

impl Endpoint {
    /// An endpoint from its base; trailing slashes are dropped.
    pub fn new(base: &str) -> Self {
        Self(base.trim_end_matches('/').to_owned())
    }

    /// The base, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a dormant agent is told (contract §9.4).
#[derive(Debug, Clone)]
pub struct Init {
    /// The key of the dormant process (`X-Init-API-Key`).
    pub init_key: SecretString,
    /// The key that the session's clients will use.
    pub session_key: SessionKey,
    /// The encryption key from now on.
    pub secret_key: SecretString,
    /// Environment that came late.
    pub environment: BTreeMap<String, SecretString>,
}

/// Why an agent could not be asked or told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// It did not answer in time, or not at all.
    #[error("cannot reach the agent")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answered something that it should not.
    #[error("the agent answered {status} to {request}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// Method and path.
        request: &'static str,
    },
    /// Its answer cannot be read.
    #[error("cannot read the agent's answer to {request}")]
    Unreadable {
        /// Method and path.
        request: &'static str,
    },
}

/// Asks and tells the agent inside a sandbox. Every call is bounded by the implementation.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Agent: fmt::Debug + Send + Sync {
    /// Whether it serves (`GET /alive`) and is initialised (`GET /api/init`). No answer is an answer: silent.
    async fn probe(&self, at: &Endpoint) -> AgentState;

    /// Initialises a dormant agent (`POST /api/init`). Telling it twice is no error.
    ///
    /// # Errors
    /// [`AgentError`] when it is not initialised after the call, as far as known.
    async fn bind(&self, at: &Endpoint, init: &Init) -> Result<(), AgentError>;

    /// For how long it has had nothing to do (`GET /server_info`); none when it does not tell.
    ///
    /// # Errors
    /// [`AgentError`] when it cannot be asked.
    async fn idle(&self, at: &Endpoint) -> Result<Option<Duration>, AgentError>;
}
