//! `GET /runtime/{id}`: one sandbox by its id, for old clients by its session (contract §5.3).

use http::StatusCode;
use runtime_core::TenantId;

use super::{Api, one};
use crate::http::error::ApiError;
use crate::http::reply::Reply;

pub(crate) async fn runtime(api: &Api, tenant: &TenantId, id: &str) -> Result<Reply, ApiError> {
    let view = api.lifecycle.get(tenant, id).await?;
    Ok(one(StatusCode::OK, &view))
}
