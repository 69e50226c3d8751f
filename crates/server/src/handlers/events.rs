//! `GET /runtime/{id}/events`: what happened to a sandbox and why, oldest first. Our own, beside the contract.

use http::StatusCode;
use runtime_api::{RuntimeEvent, RuntimeEvents};
use runtime_core::TenantId;
use runtime_core::sandbox;

use super::Api;
use crate::convert::rfc3339;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

pub(crate) async fn events(api: &Api, tenant: &TenantId, id: &str) -> Result<Reply, ApiError> {
    let events = api.lifecycle.events(tenant, id).await?;
    let events = events.into_iter().map(shown).collect();
    Ok(reply::of(StatusCode::OK, &RuntimeEvents { events }))
}

fn shown(event: sandbox::Event) -> RuntimeEvent {
    RuntimeEvent {
        at: rfc3339(event.at),
        kind: event.kind.as_str().to_owned(),
        by: event.by.to_string(),
        message: event.message,
    }
}
