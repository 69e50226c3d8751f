//! The one mapping of errors to answers: status, code, sentence and `Retry-After`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use runtime_api::{BodyError, ErrorBody, ErrorCode};
use runtime_core::{ErrorClass, InvalidName, StoreError};

use super::body::BodyRefused;
use super::reply::{self, Reply};
use super::route::RouteError;
use crate::auth::Unauthorized;

/// The store or the server may be back at once.
const SOON: Duration = Duration::from_secs(1);
/// A place must be given back first.
const LATER: Duration = Duration::from_secs(30);

/// Why a request is not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    #[error(transparent)]
    Body(#[from] BodyRefused),
    #[error(transparent)]
    Field(#[from] BodyError),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Core(#[from] runtime_core::Error),
    /// `/resume` without an id.
    #[error("runtime_id is missing: there is nothing to resume")]
    NothingToResume,
    #[error("this server has no builder: use an image that exists")]
    NoBuilder,
    #[error("there is no such build: this server has no builder")]
    NoBuild,
    #[error("this server has no admin interface")]
    NoAdmin,
    #[error("the answer took too long: try again")]
    TooLate,
    #[error("the server made a mistake; its log says more under this request's id")]
    Panicked,
}

/// What a client gets.
struct Answer {
    status: StatusCode,
    code: ErrorCode,
    detail: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl Answer {
    fn new(status: StatusCode, code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

/// The answer to a request that is not done. Errors of ours are logged here, once, with their causes.
pub(crate) fn reply(error: &ApiError) -> Reply {
    let answer = answer(error);
    if answer.status.is_server_error() && answer.status != StatusCode::NOT_IMPLEMENTED {
        tracing::warn!(error = %chain(error), "request failed");
    } else {
        tracing::debug!(error = %chain(error), "request refused");
    }
    let mut reply = reply::of(answer.status, &ErrorBody::new(answer.code, answer.detail));
    let headers = reply.headers_mut();
    if let Some(after) = answer.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if let ApiError::Route(RouteError::Method { allowed }) = error {
        headers.insert(ALLOW, HeaderValue::from_static(allowed));
    }
    reply
}

fn answer(error: &ApiError) -> Answer {
    let with = |status, code| Answer::new(status, code, error.to_string());
    match error {
        ApiError::Route(RouteError::Unknown) | ApiError::NoBuild | ApiError::NothingToResume => {
            with(StatusCode::NOT_FOUND, ErrorCode::NotFound)
        }
        ApiError::Route(RouteError::Method { .. }) => {
            with(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed)
        }
        ApiError::Route(RouteError::NotText)
        | ApiError::Field(_)
        | ApiError::Name(_)
        | ApiError::Body(BodyRefused::Broken) => {
            with(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest)
        }
        ApiError::Body(BodyRefused::TooLarge) => {
            with(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BodyTooLarge)
        }
        ApiError::Body(BodyRefused::TooSlow) => {
            with(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout)
        }
        ApiError::Unauthorized(_) => with(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized),
        ApiError::NoAdmin => with(StatusCode::FORBIDDEN, ErrorCode::Forbidden),
        ApiError::NoBuilder => with(StatusCode::NOT_IMPLEMENTED, ErrorCode::NotImplemented),
        ApiError::TooLate => {
            with(StatusCode::GATEWAY_TIMEOUT, ErrorCode::TimedOut).retry_after(SOON)
        }
        ApiError::Panicked => with(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal),
        ApiError::Core(error) => of_core(error),
    }
}

fn of_core(error: &runtime_core::Error) -> Answer {
    use runtime_core::Error;

    match error {
        // Foreign tenants' sandboxes get the same answer.
        Error::UnknownSandbox => Answer::new(
            StatusCode::NOT_FOUND,
            ErrorCode::NotFound,
            "there is no such runtime",
        ),
        Error::Stopped => Answer::new(
            StatusCode::NOT_FOUND,
            ErrorCode::NotFound,
            "the runtime was stopped: start a new one",
        ),
        Error::OverQuota { limit, live } => Answer::new(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::OverQuota,
            format!(
                "{live} runtimes are starting or running, and at most {limit} may be: stop or pause one, or raise the \
                 setting `limits.max_live`"
            ),
        )
        .retry_after(LATER),
        Error::Refused(sentence) => Answer::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidRequest,
            sentence.clone(),
        ),
        Error::Addresses(error) => Answer::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Unavailable,
            error.to_string(),
        )
        .retry_after(LATER),
        Error::Store(error) => of_store(error),
        Error::Backend(error) => match error.class() {
            ErrorClass::Gone => Answer::new(
                StatusCode::NOT_FOUND,
                ErrorCode::NotFound,
                error.to_string(),
            ),
            ErrorClass::Refused => Answer::new(
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidRequest,
                error.to_string(),
            ),
            ErrorClass::Retry => unavailable("the sandbox's platform cannot be asked: try again"),
        },
        Error::Contended => unavailable("others keep changing the runtime: try again"),
        Error::Closing => unavailable("the server is shutting down: try again"),
        // The enum may grow; until a new variant is decided here it is a mistake of ours.
        _ => of_nobody(),
    }
}

fn of_store(error: &StoreError) -> Answer {
    match error {
        StoreError::Unavailable { advice, .. } => {
            unavailable(format!("the store cannot be used at the moment: {advice}"))
        }
        StoreError::Closed => {
            unavailable("the store cannot be used any more: the server is ending")
        }
        StoreError::Unreadable { .. } | StoreError::Invalid(_) | _ => of_nobody(),
    }
}

fn unavailable(sentence: impl Into<Cow<'static, str>>) -> Answer {
    Answer::new(
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Unavailable,
        sentence,
    )
    .retry_after(SOON)
}

fn of_nobody() -> Answer {
    Answer::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Internal,
        ApiError::Panicked.to_string(),
    )
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use runtime_core::{AddressError, BackendError, Error};

    use super::*;

    /// One line: status, `Retry-After`, `Allow`, body.
    async fn line(error: ApiError) -> String {
        let (head, body) = reply(&error).into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["detail"], json["message"]);
        let header = |name| {
            head.headers
                .get(name)
                .map_or("-", |value: &HeaderValue| value.to_str().unwrap())
        };
        let (retry, allow) = (header(RETRY_AFTER), header(ALLOW));
        format!(
            "{} {retry} {allow} {}: {}\n",
            head.status.as_u16(),
            json["error"],
            json["detail"]
        )
    }

    fn backend(class: ErrorClass) -> ApiError {
        Error::from(BackendError::new(class, "nothing is kept of it")).into()
    }

    #[tokio::test]
    async fn every_error_has_its_answer() {
        let unavailable = StoreError::Unavailable {
            attempt: "write",
            advice: "the disk of /secret/path is full".to_owned(),
            source: "ENOSPC".into(),
        };
        let exhausted = AddressError::Exhausted {
            range: "1-2".to_owned(),
            setting: "gateway.ports",
        };
        let errors: Vec<ApiError> = vec![
            RouteError::Unknown.into(),
            RouteError::Method { allowed: "POST" }.into(),
            RouteError::NotText.into(),
            Unauthorized::Missing.into(),
            Unauthorized::Wrong.into(),
            BodyRefused::TooLarge.into(),
            BodyRefused::TooSlow.into(),
            BodyRefused::Broken.into(),
            BodyError::of_field("image", "is missing").into(),
            Error::UnknownSandbox.into(),
            Error::Stopped.into(),
            Error::OverQuota {
                limit: 50,
                live: 50,
            }
            .into(),
            Error::Refused("no program runs for this image".to_owned()).into(),
            Error::from(exhausted).into(),
            Error::from(unavailable).into(),
            Error::from(StoreError::Closed).into(),
            Error::from(StoreError::Invalid("a bug")).into(),
            backend(ErrorClass::Gone),
            backend(ErrorClass::Refused),
            backend(ErrorClass::Retry),
            Error::Contended.into(),
            Error::Closing.into(),
            ApiError::NothingToResume,
            ApiError::NoBuilder,
            ApiError::NoBuild,
            ApiError::NoAdmin,
            ApiError::TooLate,
            ApiError::Panicked,
        ];
        let mut lines = String::new();
        for error in errors {
            lines.push_str(&line(error).await);
        }
        insta::assert_snapshot!(lines);
    }
}
