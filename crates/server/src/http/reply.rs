//! Answers: a status and JSON.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use runtime_api::Response as Body;

use super::pieces::Pieces;

/// What handlers answer.
pub(crate) type Reply = Response<Pieces>;

/// JSON that is written already.
pub(crate) fn json(status: StatusCode, body: impl Into<Pieces>) -> Reply {
    with_type(status, "application/json", body)
}

/// A body of the API.
pub(crate) fn of(status: StatusCode, body: &impl Body) -> Reply {
    json(status, body.to_json())
}

/// A body of another type.
pub(crate) fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Pieces>,
) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Answers hold session keys and states of the moment.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
