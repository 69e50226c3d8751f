//! `GET /list`: every live sandbox, without pages (contract §6.1).

use http::StatusCode;
use runtime_api::list_of;
use runtime_core::TenantId;

use super::Api;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

/// The texts are ready: a list of 10,000 costs one copy.
pub(crate) async fn list(api: &Api, tenant: &TenantId) -> Result<Reply, ApiError> {
    let views = api.lifecycle.live(tenant).await?;
    let fragments: Vec<&str> = views.iter().map(|view| view.fragment.as_str()).collect();
    Ok(reply::json(StatusCode::OK, list_of(&fragments)))
}
