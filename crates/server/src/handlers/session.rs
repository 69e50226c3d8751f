//! `GET /sessions/{id}`: the sandbox that serves a session, else its newest (contract §6.1).

use http::StatusCode;
use runtime_core::TenantId;

use super::{Api, one};
use crate::http::error::ApiError;
use crate::http::reply::Reply;

pub(crate) async fn session(
    api: &Api,
    tenant: &TenantId,
    session: &str,
) -> Result<Reply, ApiError> {
    let view = api.lifecycle.of_session(tenant, session).await?;
    Ok(one(StatusCode::OK, &view))
}
