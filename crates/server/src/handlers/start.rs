//! `POST /start`: a session gets its sandbox (contract §3).

use bytes::Bytes;
use http::StatusCode;
use http::header::USER_AGENT;
use http::request::Parts;
use http_body::Body;
use runtime_api::StartRequest;
use runtime_core::TenantId;
use tower::BoxError;

use super::{Api, one};
use crate::convert;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::reply::Reply;

/// 201, for a sandbox that the session had already, too: old clients compare the code.
pub(crate) async fn start<B>(
    api: &Api,
    tenant: TenantId,
    head: &Parts,
    body: &mut B,
) -> Result<Reply, ApiError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin,
{
    let request = StartRequest::parse(&body::read(head, body).await?)?;
    let user_agent = head
        .headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let (session, request) = convert::start(request, user_agent)?;
    let view = api.lifecycle.start(&tenant, session, request).await?;
    Ok(one(StatusCode::CREATED, &view))
}
