//! What every request goes through before its route: request id, span and metrics, panics, the time limit.

use std::any::Any;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use listener::Peer;
use runtime_core::{Entropy as _, SystemEntropy};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt as _, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::error::{self, ApiError};
use super::reply::Reply;
use crate::metrics;

/// Where a request's id comes and goes.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over from a client, in bytes.
const LONGEST_ID: usize = 128;

/// The route of a request, put beside its answer for logs and metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteName(pub(crate) &'static str);

/// Puts the layers around `router`; `limit` is the longest that a call may take.
pub(crate) fn around<S, B>(
    router: S,
    limit: Duration,
) -> impl Service<
    Request<B>,
    Response = Response<impl Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static>,
    Error = Infallible,
    Future: Send + 'static,
> + Clone
+ Send
+ 'static
where
    S: Service<Request<B>, Response = Reply, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
    B: Body + Send + 'static,
{
    // From the outside in: the id is there before the span that shows it, and the answer to a panic or to a call that
    // takes too long is logged and counted like any other.
    ServiceBuilder::new()
        .map_request(without_odd_id)
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_response(seen)
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(CatchPanicLayer::custom(panicked))
        .service(service_fn(move |request| {
            in_time(router.clone().oneshot(request), limit)
        }))
}

/// Ids go into logs and answers, so only short and printable ones are taken over.
fn without_odd_id<B>(mut request: Request<B>) -> Request<B> {
    let sane = |id: &HeaderValue| {
        (1..=LONGEST_ID).contains(&id.len())
            && id
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/=+".contains(byte))
    };
    if !request.headers().get(REQUEST_ID).is_some_and(sane) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

#[derive(Debug, Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _request: &Request<B>) -> Option<RequestId> {
        let id = SystemEntropy.uuid().to_string();
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}

/// Neither headers nor query: both may hold keys.
fn span<B>(request: &Request<B>) -> Span {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let client = request
        .extensions()
        .get::<Peer>()
        .map(|peer| tracing::field::display(peer.client(request.headers())));
    tracing::info_span!(
        "request",
        request.id = id,
        client.address = client,
        method = %request.method(),
        route = tracing::field::Empty,
        tenant.id = tracing::field::Empty,
        session.id = tracing::field::Empty,
        sandbox.id = tracing::field::Empty,
    )
}

/// A refused or failed call and a change are worth a line; clients poll, so their reads are not.
fn seen<B>(response: &Response<B>, took: Duration, _span: &Span) {
    let status = response.status().as_u16();
    let route = response
        .extensions()
        .get::<RouteName>()
        .map_or("none", |route| route.0);
    metrics::request(route, status, took);
    let duration_ms = took.as_secs_f64() * 1000.0;
    if response.status().is_success() && !changes(route) {
        tracing::debug!(status, duration_ms, "answered");
    } else {
        tracing::info!(status, duration_ms, "answered");
    }
}

fn changes(route: &str) -> bool {
    matches!(route, "/start" | "/stop" | "/pause" | "/resume")
}

/// The panic itself is logged by the hook of `telemetry`.
fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Reply {
    error::reply(&ApiError::Panicked)
}

/// The answer, or the one that says that it took too long.
async fn in_time(
    answer: impl Future<Output = Result<Reply, Infallible>>,
    limit: Duration,
) -> Result<Reply, Infallible> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Ok(error::reply(&ApiError::TooLate)),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http_body_util::{BodyExt as _, Empty};

    use super::*;
    use crate::http::reply;

    async fn send(
        request: Request<Empty<Bytes>>,
        answer: fn() -> Option<Reply>,
    ) -> (Response<()>, String) {
        let router = service_fn(move |_request| async move {
            match answer() {
                Some(reply) => Ok(reply),
                None => std::future::pending().await,
            }
        });
        let service = around(router, Duration::from_secs(12));
        let (head, body) = service.oneshot(request).await.unwrap().into_parts();
        let collected = body.collect().await.map_err(Into::<BoxError>::into);
        let body = collected.unwrap().to_bytes();
        (
            Response::from_parts(head, ()),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    fn fine() -> Option<Reply> {
        Some(reply::json(StatusCode::OK, "{}"))
    }

    fn panics() -> Option<Reply> {
        panic!("a mistake")
    }

    #[tokio::test]
    async fn a_request_id_is_taken_if_sane_and_made_otherwise() {
        for (sent, kept) in [
            ("abc-1", true),
            ("", false),
            ("a b", false),
            (&"a".repeat(129), false),
        ] {
            let request = Request::get("/")
                .header(REQUEST_ID, sent)
                .body(Empty::new())
                .unwrap();
            let (answer, _) = send(request, fine).await;
            let id = answer.headers().get(REQUEST_ID).unwrap();
            assert_eq!(id == sent, kept, "{sent}");
            assert!(!id.is_empty());
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_like_any_other() {
        let (answer, body) = send(Request::get("/").body(Empty::new()).unwrap(), panics).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.headers().contains_key(REQUEST_ID));
        insta::assert_snapshot!(body);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_too_long_is_answered() {
        let (answer, body) = send(Request::get("/").body(Empty::new()).unwrap(), || None).await;
        assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
        insta::assert_snapshot!(body);
    }
}
