//! What goes wrong between a client and a server.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use super::excerpt;
use crate::{ErrorCode, PodStatusText, Runtime, Status};

type Source = Box<dyn StdError + Send + Sync>;

/// The longest sentence that is taken over from a server, in characters.
const LONGEST_DETAIL: usize = 2000;

/// Why a call gave nothing. No variant holds a key or a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The base URL, or one made of it, is none that can be called.
    #[error("cannot call {url}: {why}")]
    Url {
        /// The URL, without a user's name and password.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key or the user agent cannot be sent.
    #[error("cannot send the {what}: it must be printable ASCII")]
    Header {
        /// Which of them.
        what: &'static str,
    },
    /// There are no authorities to trust.
    #[error("cannot find certificates of authorities; SSL_CERT_FILE may name a file of them")]
    Authorities(#[source] io::Error),
    /// The body of a request cannot be written as JSON.
    #[error("cannot write the request")]
    Unwritable(#[source] serde_json::Error),
    /// No connection, or none with a certificate that is trusted.
    #[error("cannot connect to {url}")]
    Connect {
        /// Base URL of the server.
        url: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// The connection broke before the answer was whole. The server may have done what was asked.
    #[error("the connection to {url} broke")]
    Broken {
        /// Base URL of the server.
        url: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// No answer came in time. The server may have done what was asked.
    #[error("no answer of {url} within {} s", .waited.as_secs_f64())]
    TimedOut {
        /// Base URL of the server.
        url: String,
        /// For how long it was waited.
        waited: Duration,
    },
    /// The server answered that it does not do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server answered with success, and with something else than was asked for.
    #[error("cannot understand the answer to {request}: {why}; it begins with `{beginning}`")]
    NotUnderstood {
        /// Method and path.
        request: String,
        /// What was expected instead, without values of the answer.
        why: String,
        /// Its first bytes; what could be a key is hidden.
        beginning: String,
    },
    /// The runtime that was waited for ended up where it will not get ready from.
    #[error("runtime {id} will not get ready: it is {status} ({pod_status}){}", detail_of(.detail.as_deref()))]
    WillNotGetReady {
        /// The runtime.
        id: String,
        /// Where it is.
        status: Status,
        /// The same in the words of a pod.
        pod_status: PodStatusText,
        /// Why, for people.
        detail: Option<String>,
    },
    /// The runtime that was waited for was not ready in time.
    #[error("runtime {id} is not ready after {} s{}", .waited.as_secs_f64(), detail_of(.last.as_deref()))]
    NotReady {
        /// The runtime.
        id: String,
        /// For how long it was waited.
        waited: Duration,
        /// What was seen last.
        last: Option<String>,
    },
}

fn detail_of(detail: Option<&str>) -> String {
    detail.map_or_else(String::new, |detail| format!(": {detail}"))
}

impl ClientError {
    pub(super) const fn unwritable(source: serde_json::Error) -> Self {
        Self::Unwritable(source)
    }

    pub(super) fn will_not_get_ready(runtime: &Runtime) -> Self {
        Self::WillNotGetReady {
            id: runtime.runtime_id.clone(),
            status: runtime.status,
            pod_status: runtime.pod_status,
            detail: runtime.status_detail.clone(),
        }
    }

    /// The server's answer, if it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The status of the server's answer, if it is one.
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// There is no such runtime, session or route.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// The key is missing or wrong.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(StatusCode::UNAUTHORIZED)
    }

    /// Too many calls, or too many runtimes.
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// The same call may succeed later. One that changes something may have been done all the same.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::TimedOut { .. } => true,
            Self::Refused(refusal) => matches!(
                refusal.status,
                StatusCode::REQUEST_TIMEOUT
                    | StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
            _ => false,
        }
    }

    /// How long the server asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal().and_then(|refusal| refusal.retry_after)
    }
}

/// A server's answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Method and path of the call.
    pub request: String,
    /// The status.
    pub status: StatusCode,
    /// The server's sentence, or one of ours where it gave none.
    pub detail: String,
    /// What is wrong, for programs; other servers have other words or none.
    pub code: Option<ErrorCode>,
    /// How long to wait before the next try.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} ({})",
            self.request,
            self.detail,
            self.status.as_u16()
        )
    }
}

impl StdError for Refusal {}

impl Refusal {
    /// From an answer of any server of this API: `detail`, else `message`, else `error` tells why (contract §1.5).
    pub(super) fn of(
        method: &Method,
        path: &str,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        #[derive(Default, Deserialize)]
        struct Told {
            #[serde(default)]
            detail: Option<serde_json::Value>,
            #[serde(default)]
            message: Option<serde_json::Value>,
            #[serde(default)]
            error: Option<serde_json::Value>,
        }

        let told: Told = serde_json::from_slice(body).unwrap_or_default();
        let code = told
            .error
            .clone()
            .and_then(|code| serde_json::from_value(code).ok());
        let sentence = [told.detail, told.message, told.error]
            .into_iter()
            .flatten()
            .find_map(|text| text.as_str().map(str::to_owned));
        let detail = sentence.map_or_else(
            || match excerpt::beginning(body) {
                nothing if nothing.trim().is_empty() => "no reason is given".to_owned(),
                beginning => format!("no reason is given; the answer begins with `{beginning}`"),
            },
            |sentence| sentence.chars().take(LONGEST_DETAIL).collect(),
        );
        Self {
            request: format!("{method} {path}"),
            status,
            detail,
            code,
            retry_after: retry_after(headers),
        }
    }
}

/// Whole seconds; dates are not read, for clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    seconds.ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        Refusal::of(&Method::GET, "/list", status, &headers, body.as_bytes())
    }

    #[test]
    fn the_sentence_of_every_family_of_servers_is_found() {
        let table = [
            (
                r#"{"detail": "a", "error": "not_found", "message": "b"}"#,
                "a",
            ),
            (r#"{"error": "NOT_FOUND", "message": "b"}"#, "b"),
            (r#"{"error": "c"}"#, "c"),
            ("", "no reason is given"),
            ("[]", "no reason is given; the answer begins with `[]`"),
            (
                r#"{"detail": [{"loc": 1}]}"#,
                r#"no reason is given; the answer begins with `{"detail": [{"loc": 1}]}`"#,
            ),
            (
                "<h1>Bad Gateway</h1>",
                "no reason is given; the answer begins with `<h1>Bad Gateway</h1>`",
            ),
        ];
        for (body, detail) in table {
            assert_eq!(refusal(404, &[], body).detail, detail, "{body}");
        }
        let ours = refusal(404, &[], r#"{"detail": "a", "error": "not_found"}"#);
        assert_eq!(ours.code, Some(ErrorCode::NotFound));
        assert_eq!(ours.to_string(), "GET /list: a (404)");
        assert_eq!(refusal(404, &[], r#"{"error": "other"}"#).code, None);
    }

    #[test]
    fn what_is_transient_is_told() {
        for (status, transient) in [
            (400, false),
            (401, false),
            (404, false),
            (429, true),
            (500, false),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
        ] {
            let error = ClientError::from(refusal(status, &[("retry-after", "7")], "{}"));
            assert_eq!(error.is_transient(), transient, "{status}");
            assert_eq!(error.is_not_found(), status == 404);
            assert_eq!(error.is_unauthorized(), status == 401);
            assert_eq!(error.is_rate_limited(), status == 429);
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        }
        let date = [("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")];
        assert_eq!(refusal(503, &date, "{}").retry_after, None);
    }
}
