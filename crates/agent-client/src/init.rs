//! The initialisation of an agent that started dormant: `POST /api/init` (contract §9.4).

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use runtime_core::{AgentError, Endpoint, Init};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::http::{Answer, Content, Conversation, Line};

/// Asks for the state; needs no key.
pub(crate) const STATE: Line = "GET /api/init";
const INITIALISE: Line = "POST /api/init";
const INIT_KEY: HeaderName = HeaderName::from_static("x-init-api-key");

/// Where a deferred agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InitState {
    /// It waits to be initialised.
    Dormant,
    /// It is on its way.
    Initializing,
    /// It serves its session.
    Ready,
}

impl InitState {
    /// The state that an answer tells; none when it tells none, as an agent that is not deferred does.
    pub(crate) fn told_by(answer: &Answer) -> Option<Self> {
        #[derive(Deserialize)]
        struct Status {
            state: InitState,
        }
        if answer.status != StatusCode::OK {
            return None;
        }
        serde_json::from_slice(&answer.body)
            .ok()
            .map(|status: Status| status.state)
    }
}

/// The body; the agent refuses keys that it does not know, and absent ones keep what the process started with.
#[derive(Serialize)]
struct Body<'a> {
    session_api_keys: [&'a str; 1],
    secret_key: &'a str,
    env: BTreeMap<&'a str, &'a str>,
}

/// Initialises the agent, or finds that it is.
///
/// After an answer that was lost the agent is checked against its *new* secret key, so that our init key is refused with
/// 401: only an agent that takes the new key for its own was initialised by us.
pub(crate) async fn initialise(at: &Endpoint, init: &Init) -> Result<(), AgentError> {
    let mut agent = Conversation::with(at)?;
    let body = body(init)?;
    let mut answer = agent
        .tell(INITIALISE, content(&init.init_key, body.clone())?)
        .await?;
    if answer.status == StatusCode::UNAUTHORIZED {
        answer = agent
            .tell(INITIALISE, content(&init.secret_key, body)?)
            .await?;
    }
    match answer.status {
        // 404: it was not deferred, and has had its keys and environment since its start.
        StatusCode::OK | StatusCode::NOT_FOUND => Ok(()),
        // Initialised already, or just now by a call that we gave up waiting for, which may still fail.
        StatusCode::BAD_REQUEST => {
            let state = agent.ask(STATE).await?;
            match InitState::told_by(&state) {
                Some(InitState::Ready) => Ok(()),
                Some(InitState::Dormant | InitState::Initializing) | None => {
                    Err(answer.unexpected(INITIALISE))
                }
            }
        }
        _ => Err(answer.unexpected(INITIALISE)),
    }
}

fn body(init: &Init) -> Result<bytes::Bytes, AgentError> {
    let body = Body {
        session_api_keys: [init.session_key.expose()],
        secret_key: init.secret_key.expose_secret(),
        env: init
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect(),
    };
    serde_json::to_vec(&body)
        .map(Into::into)
        .map_err(|error| AgentError::Unreachable(error.into()))
}

fn content(key: &SecretString, json: bytes::Bytes) -> Result<Content, AgentError> {
    let mut key = HeaderValue::from_str(key.expose_secret())
        .map_err(|error| AgentError::Unreachable(error.into()))?;
    key.set_sensitive(true);
    Ok(Content {
        headers: vec![(INIT_KEY, key)],
        json,
    })
}
