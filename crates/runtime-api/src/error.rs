//! The error body and its stable codes (contract §1.5).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every error, whatever raised it. Each of its three fields is read by another family of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What is wrong and what to do, for people.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
    /// What is wrong, for programs.
    error: ErrorCode,
    /// The same as `detail`.
    #[schema(value_type = String)]
    message: Cow<'static, str>,
}

impl ErrorBody {
    /// An error with its sentence, which must not hold a secret.
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self {
            message: detail.clone(),
            error: code,
            detail,
        }
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The code.
    pub const fn code(&self) -> ErrorCode {
        self.error
    }
}

/// What is wrong, for programs. A word once sent keeps its meaning; the status that goes with each is in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The body, the query or the path breaks a rule; `detail` names the field (400).
    InvalidRequest,
    /// The API key is missing or wrong (401).
    Unauthorized,
    /// The key is right and the call is not open to it, or not at all: admin calls without an admin (403).
    Forbidden,
    /// No such route, runtime, session or build; foreign ones included (404).
    NotFound,
    /// The route exists, the method does not (405).
    MethodNotAllowed,
    /// The request came too slowly (408).
    RequestTimeout,
    /// The runtime is in a state that does not allow this (409).
    Conflict,
    /// The body is too large (413).
    BodyTooLarge,
    /// The path or the query is too long (414).
    UriTooLong,
    /// Too many calls (429).
    RateLimited,
    /// As many runtimes as are allowed (429).
    OverQuota,
    /// The headers are too large (431).
    HeadersTooLarge,
    /// An error of ours (500).
    Internal,
    /// This server does not do that: builds (501).
    NotImplemented,
    /// The store cannot be reached or the server is going down; try again (503).
    Unavailable,
    /// The answer took too long (504).
    TimedOut,
}

impl ErrorCode {
    /// Its word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::Conflict => "conflict",
            Self::BodyTooLarge => "body_too_large",
            Self::UriTooLong => "uri_too_long",
            Self::RateLimited => "rate_limited",
            Self::OverQuota => "over_quota",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Internal => "internal",
            Self::NotImplemented => "not_implemented",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Response, StartRequest};

    #[test]
    fn an_error_on_the_wire() {
        let error = StartRequest::parse(b"{}").unwrap_err();
        let body = ErrorBody::new(ErrorCode::InvalidRequest, error.to_string());
        let json = String::from_utf8(body.to_json()).unwrap();
        insta::assert_snapshot!(json, @r#"{"detail":"image is missing: send the image reference as a string","error":"invalid_request","message":"image is missing: send the image reference as a string"}"#);
        assert_eq!(serde_json::from_str::<ErrorBody>(&json).unwrap(), body);
    }

    #[test]
    fn the_words_of_the_codes_are_stable() {
        let words = [
            (ErrorCode::InvalidRequest, "invalid_request"),
            (ErrorCode::Unauthorized, "unauthorized"),
            (ErrorCode::Forbidden, "forbidden"),
            (ErrorCode::NotFound, "not_found"),
            (ErrorCode::MethodNotAllowed, "method_not_allowed"),
            (ErrorCode::RequestTimeout, "request_timeout"),
            (ErrorCode::Conflict, "conflict"),
            (ErrorCode::BodyTooLarge, "body_too_large"),
            (ErrorCode::UriTooLong, "uri_too_long"),
            (ErrorCode::RateLimited, "rate_limited"),
            (ErrorCode::OverQuota, "over_quota"),
            (ErrorCode::HeadersTooLarge, "headers_too_large"),
            (ErrorCode::Internal, "internal"),
            (ErrorCode::NotImplemented, "not_implemented"),
            (ErrorCode::Unavailable, "unavailable"),
            (ErrorCode::TimedOut, "timed_out"),
        ];
        for (code, word) in words {
            assert_eq!(serde_json::to_value(code).unwrap(), word);
            assert_eq!(code.as_str(), word);
        }
    }
}
