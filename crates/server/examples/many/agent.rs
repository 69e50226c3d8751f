//! An agent that needs no time and no process.

use std::time::Duration;

use async_trait::async_trait;
use runtime_core::sandbox::AgentState;
use runtime_core::{Agent, AgentError, Endpoint, Init};

/// Ready whenever it is asked, and never tells how long it was idle.
#[derive(Debug)]
pub(crate) struct AlwaysReady;

#[async_trait]
impl Agent for AlwaysReady {
    async fn probe(&self, _at: &Endpoint) -> AgentState {
        AgentState::Ready { idle: None }
    }

    async fn bind(&self, _at: &Endpoint, _init: &Init) -> Result<(), AgentError> {
        Ok(())
    }

    async fn idle(&self, _at: &Endpoint) -> Result<Option<Duration>, AgentError> {
        Ok(None)
    }
}
