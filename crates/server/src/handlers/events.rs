//! `GET /runtime/{id}/events`: what happened to a sandbox and why, oldest first. Our own, beside the contract.

use http::StatusCode;
use runtime_core::TenantId;
use runtime_core::sandbox;
use serde::Serialize;

use super::Api;
use crate::convert::rfc3339;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

#[derive(Serialize)]
struct Events {
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Event {
    at: Option<String>,
    kind: &'static str,
    by: String,
    message: String,
}

pub(crate) async fn events(api: &Api, tenant: &TenantId, id: &str) -> Result<Reply, ApiError> {
    let events = api.lifecycle.events(tenant, id).await?;
    let events = events.into_iter().map(Event::from).collect();
    // Texts in an array are always written.
    let body = serde_json::to_vec(&Events { events }).unwrap_or_default();
    Ok(reply::json(StatusCode::OK, body))
}

impl From<sandbox::Event> for Event {
    fn from(event: sandbox::Event) -> Self {
        Self {
            at: rfc3339(event.at),
            kind: event.kind.as_str(),
            by: event.by.to_string(),
            message: event.message,
        }
    }
}
