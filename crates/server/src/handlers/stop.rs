//! `POST /stop`: compute and disk go, the record stays (contract §5.3).

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use http_body::Body;
use runtime_api::LifecycleRequest;
use runtime_core::TenantId;
use runtime_core::sandbox::Actor;
use tower::BoxError;

use super::{Api, one};
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

/// 200; without an id too, for clients close what they failed to start.
pub(crate) async fn stop<B>(
    api: &Api,
    tenant: TenantId,
    head: &Parts,
    body: &mut B,
) -> Result<Reply, ApiError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin,
{
    let request = LifecycleRequest::parse(&body::read(head, body).await?)?;
    let Some(id) = request.runtime_id else {
        return Ok(reply::json(StatusCode::OK, "{}"));
    };
    let view = api.lifecycle.stop(&tenant, &id, Actor::Client).await?;
    Ok(one(StatusCode::OK, &view))
}
