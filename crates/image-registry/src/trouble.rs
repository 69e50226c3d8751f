//! Why a look-up gave no facts.

use std::error::Error as StdError;
use std::time::Duration;

/// What stands between us and an answer. Nothing here quotes an answer, a token or a whole address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// There is no such image, or we may not read it: registries give the same answer for both.
    #[error("there is no such image, or it may not be read")]
    Absent,
    #[error("{host} cannot be reached")]
    Unreachable {
        host: String,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    #[error("{host} answered {status}")]
    Status { host: String, status: u16 },
    #[error("{host} sent {what}")]
    Garbage { host: String, what: &'static str },
    #[error("{host} does not accept the credentials of the Docker configuration")]
    Credentials { host: String },
    #[error("the Docker configuration cannot be used: {0}")]
    DockerConfig(String),
    #[error("no answer within {0:?}")]
    Late(Duration),
}

impl Trouble {
    pub(crate) fn unreachable(
        host: &str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Unreachable {
            host: host.to_owned(),
            source: source.into(),
        }
    }

    pub(crate) fn garbage(host: &str, what: &'static str) -> Self {
        Self::Garbage {
            host: host.to_owned(),
            what,
        }
    }

    /// What is wrong and what to do, for a client.
    pub(crate) fn advice(&self) -> String {
        match self {
            // Not an error to anybody; here for completeness.
            Self::Absent => "there is no such image".to_owned(),
            Self::Unreachable { host, .. } => {
                format!("the registry {host} cannot be reached from the server; try again later")
            }
            Self::Status { host, status: 429 } => {
                format!("the registry {host} takes no more questions for now; try again later")
            }
            Self::Status { host, status } => {
                format!("the registry {host} answered {status}; try again later")
            }
            Self::Garbage { host, what } => format!("the registry {host} sent {what}"),
            Self::Credentials { host } => format!(
                "the registry {host} does not accept the server's credentials: they stand in its Docker configuration"
            ),
            Self::DockerConfig(_) => {
                "the server's Docker configuration cannot be used, its log says why".to_owned()
            }
            Self::Late(bound) => format!(
                "the registry took longer than {} s; try again later",
                bound.as_secs()
            ),
        }
    }
}
