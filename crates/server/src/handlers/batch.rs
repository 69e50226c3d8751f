//! `GET /sessions/batch`: the sandboxes of many sessions as a bare array (contract §6.1).

use std::collections::HashMap;

use http::StatusCode;
use runtime_api::{BatchQuery, array_of};
use runtime_core::{SessionId, TenantId};

use super::Api;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

/// Unknown ids are left out, and so is what could not be a session's id.
pub(crate) async fn batch(
    api: &Api,
    tenant: &TenantId,
    query: Option<&str>,
) -> Result<Reply, ApiError> {
    let query = BatchQuery::parse(query);
    let sessions: Vec<SessionId> = query
        .candidates()
        .into_iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let views = api.lifecycle.batch(tenant, &sessions).await?;
    let fragments: HashMap<&str, &str> = views
        .iter()
        .map(|view| (view.summary.session.as_str(), view.fragment.as_str()))
        .collect();
    let meant: Vec<&str> = query
        .meant(|id| fragments.contains_key(id))
        .into_iter()
        .filter_map(|id| fragments.get(id).copied())
        .collect();
    Ok(reply::json(StatusCode::OK, array_of(&meant)))
}
