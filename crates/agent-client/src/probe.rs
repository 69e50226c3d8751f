//! Whether an agent serves: `GET /alive`, then `GET /api/init` (contract §9.3, §9.4).

use http::StatusCode;
use runtime_core::sandbox::AgentState;
use runtime_core::{AgentError, Endpoint};
use serde_json::Value;

use crate::http::{Conversation, Line};
use crate::init::{self, InitState};

const ALIVE: Line = "GET /alive";
/// What an action execution server says while it starts its plugins, with status 200.
const NOT_INITIALISED: &str = "not initialized";

/// Asks the agent; an error means that it does not serve.
///
/// An agent that waits for its initialisation tells so to anybody who asks for `/api/init`. Any other answer that is not
/// the agent's own failure means that it knows no such thing: 404 from an agent-server, 403 from an action execution
/// server, which refuses all unknown paths without a key.
pub(crate) async fn probe(at: &Endpoint) -> Result<AgentState, AgentError> {
    let mut agent = Conversation::with(at)?;
    let alive = agent.ask(ALIVE).await?;
    if alive.status != StatusCode::OK {
        return Err(alive.unexpected(ALIVE));
    }
    if says_not_initialised(&alive.body) {
        return Ok(AgentState::Silent);
    }
    let state = agent.ask(init::STATE).await?;
    if state.status.is_server_error() {
        return Err(state.unexpected(init::STATE));
    }
    Ok(match InitState::told_by(&state) {
        Some(InitState::Dormant | InitState::Initializing) => AgentState::Dormant,
        Some(InitState::Ready) | None => AgentState::Ready { idle: None },
    })
}

fn says_not_initialised(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|alive| {
        alive
            .get("status")
            .is_some_and(|status| status == NOT_INITIALISED)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_body_means_not_initialised() {
        assert!(says_not_initialised(br#"{"status": "not initialized"}"#));
        for body in [
            &b""[..],
            b"not initialized",
            br#"{"status": "ok"}"#,
            br#"{"status": 1}"#,
            br#"["not initialized"]"#,
            b"\xff",
        ] {
            assert!(!says_not_initialised(body), "{body:?}");
        }
    }
}
