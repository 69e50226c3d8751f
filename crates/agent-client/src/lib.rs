//! The core's [`Agent`] trait over HTTP: whether an agent inside a sandbox serves, its initialisation, and for how long
//! it has had nothing to do.
//!
//! Two agents are spoken to: the OpenHands agent-server and the action execution server of older clients (contract
//! §9.3). Every call opens one connection, is bounded in time and in the size of the answer, and leaves nothing behind
//! when it is dropped.
//!
//! ```
//! use agent_client::HttpAgent;
//! use runtime_core::sandbox::AgentState;
//! use runtime_core::{Agent as _, Endpoint};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let nobody = Endpoint::new("http://127.0.0.1:9");
//! assert_eq!(HttpAgent::default().probe(&nobody).await, AgentState::Silent);
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod http;
mod idle;
mod init;
mod probe;

use std::time::Duration;

use async_trait::async_trait;
use runtime_core::sandbox::AgentState;
use runtime_core::{Agent, AgentError, Endpoint, Init};

/// What a probe and a question may take. Clients give `/alive` 5 s (contract §5.1); one that needs 2 s is not ready.
const QUESTION: Duration = Duration::from_secs(2);
/// What an initialisation may take: milliseconds as measured, but it starts services, and the agent may be short of CPU.
/// Below the 10 s that any call of the core may take.
const INITIALISATION: Duration = Duration::from_secs(8);

/// Asks and tells agents over HTTP/1.1 without TLS.
#[derive(Debug, Clone)]
pub struct HttpAgent {
    question: Duration,
    initialisation: Duration,
}

impl HttpAgent {
    /// An agent client that waits `question` for a probe and an idle time, and `initialisation` for a bind.
    pub const fn new(question: Duration, initialisation: Duration) -> Self {
        Self {
            question,
            initialisation,
        }
    }
}

impl Default for HttpAgent {
    /// 2 s for a question, 8 s for an initialisation.
    fn default() -> Self {
        Self::new(QUESTION, INITIALISATION)
    }
}

#[async_trait]
impl Agent for HttpAgent {
    async fn probe(&self, at: &Endpoint) -> AgentState {
        match http::within(self.question, probe::probe(at)).await {
            Ok(state) => state,
            Err(error) => {
                tracing::debug!(
                    agent = %at,
                    error = &error as &dyn std::error::Error,
                    "the agent does not serve"
                );
                AgentState::Silent
            }
        }
    }

    async fn bind(&self, at: &Endpoint, init: &Init) -> Result<(), AgentError> {
        http::within(self.initialisation, init::initialise(at, init)).await
    }

    async fn idle(&self, at: &Endpoint) -> Result<Option<Duration>, AgentError> {
        http::within(self.question, idle::idle(at)).await
    }
}
