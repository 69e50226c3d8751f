//! `POST /resume`: a paused or failed sandbox comes back on its disk (contract §5.3).

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
use crate::http::reply::Reply;

/// 200 with the whole runtime: clients take key and address from it.
pub(crate) async fn resume<B>(
    api: &Api,
    tenant: TenantId,
    head: &Parts,
    body: &mut B,
) -> Result<Reply, ApiError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin,
{
    let request = LifecycleRequest::parse(&body::read(head, body).await?)?;
    let id = request.runtime_id.ok_or(ApiError::NothingToResume)?;
    let view = api.lifecycle.resume(&tenant, &id, Actor::Client).await?;
    Ok(one(StatusCode::OK, &view))
}
