//! Our own answers: JSON as everywhere in the API (contract §1.5), never cached, readable for scripts of any origin.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, VARY,
};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::body::ReplyBody;

/// Why a request is not answered by a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such sandbox, or no longer.
    Unknown,
    /// It is paused: resume it.
    Paused,
    /// It starts and cannot be reached yet.
    Starting,
    /// It was on its way back and did not arrive in time.
    Late,
    /// It failed.
    Failed,
    /// It runs, but without this service.
    NoService,
    /// It should run, but does not take the request or closes the connection before it answers.
    Unreachable,
    /// It did not begin to answer in time.
    TimedOut,
    /// It has as many requests at a time as one sandbox may have.
    TooMany,
    /// Nobody can say now where it is.
    NotFoundOut,
    /// The gateway stops.
    Closing,
    /// Only the server initialises agents.
    Initialisation,
    /// `CONNECT` asks for another kind of proxy.
    Method,
    /// More than one `Host`: an attempt to be understood in two ways.
    TwoHosts,
}

impl Refusal {
    /// The status of the answer.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Paused => StatusCode::SERVICE_UNAVAILABLE,
            Self::Starting
            | Self::Late
            | Self::Failed
            | Self::NoService
            | Self::Unreachable
            | Self::NotFoundOut
            | Self::Closing => StatusCode::BAD_GATEWAY,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Initialisation => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TwoHosts => StatusCode::BAD_REQUEST,
        }
    }

    /// A stable word for programs; also the value of the metric's label.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "not_found",
            Self::Paused => "paused",
            Self::Starting => "starting",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::NoService => "no_service",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::TooMany => "too_many_requests",
            Self::NotFoundOut => "lookup_failed",
            Self::Closing => "closing",
            Self::Initialisation => "forbidden",
            Self::Method => "method_not_allowed",
            Self::TwoHosts => "bad_request",
        }
    }

    /// A sentence for people.
    const fn detail(self) -> &'static str {
        match self {
            Self::Unknown => "there is no sandbox at this address",
            Self::Paused => "the sandbox is paused; resume it and repeat the request",
            Self::Starting => "the sandbox is starting and cannot be reached yet",
            Self::Late => {
                "the sandbox is restarting and did not come back in time; repeat the request"
            }
            Self::Failed => "the sandbox has failed; its status says why",
            Self::NoService => "the sandbox does not offer this service",
            Self::Unreachable => "the sandbox closed or refused the connection before it answered",
            Self::TimedOut => "the sandbox did not begin to answer in time",
            Self::TooMany => "the sandbox has too many requests at a time; repeat it later",
            Self::NotFoundOut => "the sandbox cannot be looked up at the moment",
            Self::Closing => "the gateway is shutting down; repeat the request",
            Self::Initialisation => "a sandbox is initialised by the server only",
            Self::Method => "the gateway does not tunnel with CONNECT",
            Self::TwoHosts => "the request has more than one Host header",
        }
    }

    /// When to try again, in seconds, where that may help.
    const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::Late | Self::Unreachable | Self::NotFoundOut | Self::Closing => Some("5"),
            Self::Starting | Self::TooMany => Some("1"),
            Self::Unknown
            | Self::Paused
            | Self::Failed
            | Self::NoService
            | Self::TimedOut
            | Self::Initialisation
            | Self::Method
            | Self::TwoHosts => None,
        }
    }

    /// The answer to a request that came from `origin`.
    pub(crate) fn response(self, origin: Option<HeaderValue>) -> Response<ReplyBody> {
        let text = json!({"detail": self.detail(), "error": self.code(), "message": self.detail()});
        let mut response = Response::new(ReplyBody::own(Bytes::from(text.to_string())));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(VARY, HeaderValue::from_static("Origin"));
        }
        if matches!(self, Self::Closing | Self::TwoHosts) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Refusal; 14] = [
        Refusal::Unknown,
        Refusal::Paused,
        Refusal::Starting,
        Refusal::Late,
        Refusal::Failed,
        Refusal::NoService,
        Refusal::Unreachable,
        Refusal::TimedOut,
        Refusal::TooMany,
        Refusal::NotFoundOut,
        Refusal::Closing,
        Refusal::Initialisation,
        Refusal::Method,
        Refusal::TwoHosts,
    ];

    #[test]
    fn only_a_pause_answers_503_and_only_an_unknown_sandbox_404() {
        for refusal in ALL {
            let status = refusal.status();
            assert_eq!(
                status == StatusCode::SERVICE_UNAVAILABLE,
                refusal == Refusal::Paused
            );
            assert_eq!(status == StatusCode::NOT_FOUND, refusal == Refusal::Unknown);
        }
    }

    #[test]
    fn an_answer_is_never_cached_and_echoes_the_origin() {
        for refusal in ALL {
            let response = refusal.response(Some(HeaderValue::from_static("https://app.test")));
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(
                response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN],
                "https://app.test"
            );
            assert!(
                !refusal
                    .response(None)
                    .headers()
                    .contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
            );
        }
    }
}
