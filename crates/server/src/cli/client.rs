//! The commands' own calls: one HTTP client for the server and for the agents in its sandboxes.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The server's own limit of a call is below it.
const CALL: Duration = Duration::from_secs(20);
/// The largest answer that is read, in bytes: a list of 10,000 sandboxes has some 10 MB.
const LARGEST: usize = 256 << 20;

/// Why a command of the operator's was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no key to be found.
    #[error(
        "cannot find an API key: give one with PINFOLD_API_KEY or --api-key, or name the server's data directory with \
         --data-dir"
    )]
    NoKey,
    /// The key cannot be sent.
    #[error("cannot use the API key: it must be printable ASCII")]
    OddKey,
    /// The file of the key cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address is none that can be called.
    #[error("cannot call {url}: only http:// addresses can be called from here")]
    Url {
        /// The address.
        url: String,
    },
    /// Nobody answers there.
    #[error("cannot reach {url}; is the server running?")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answers too late.
    #[error("cannot wait any longer for {url}: no answer within {} s", .waited.as_secs())]
    TooLate {
        /// The address.
        url: String,
        /// For how long it was waited.
        waited: Duration,
    },
    /// It answers, and not with what was asked for.
    #[error("{what}: {detail} ({status})")]
    Refused {
        /// What was attempted.
        what: String,
        /// What the server says.
        detail: String,
        /// The status.
        status: StatusCode,
    },
    /// The answer is not what it should be.
    #[error("cannot read the answer of {url}")]
    Answer {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Some of several were not done; each was told of.
    #[error("cannot do it for {failed} of {all} sandboxes")]
    Some {
        /// How many were not done.
        failed: usize,
        /// How many were asked for.
        all: usize,
    },
    /// The command in the sandbox did not end.
    #[error("cannot tell how the command ended: it was cut off")]
    NotEnded,
    /// The terminal cannot be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
}

/// One request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) key_header: HeaderName,
    pub(super) key: &'a SecretString,
    pub(super) body: Option<Vec<u8>>,
    /// At most so long.
    pub(super) limit: Duration,
    /// For the sentence when it is refused: `cannot stop abc`.
    pub(super) what: String,
}

/// The API of one server.
#[derive(Debug)]
pub(super) struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    base: String,
    key: SecretString,
}

impl Client {
    pub(super) fn new(base: &str, key: SecretString) -> Self {
        Self {
            http: Http::builder(TokioExecutor::new()).build_http(),
            base: base.trim_end_matches('/').to_owned(),
            key,
        }
    }

    /// A `GET` of the API.
    pub(super) async fn get(&self, path: &str, what: String) -> Result<Bytes, CommandError> {
        self.api(Method::GET, path, None, what).await
    }

    /// A `POST` of the API.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        what: String,
    ) -> Result<Bytes, CommandError> {
        let body = body.to_string().into_bytes();
        self.api(Method::POST, path, Some(body), what).await
    }

    async fn api(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        what: String,
    ) -> Result<Bytes, CommandError> {
        self.call(Call {
            method,
            url: format!("{}{path}", self.base),
            key_header: HeaderName::from_static("x-api-key"),
            key: &self.key,
            body,
            limit: CALL,
            what,
        })
        .await
    }

    /// Any call: the body of its answer, which was a success.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Bytes, CommandError> {
        let url = call.url.clone();
        let limit = call.limit;
        match tokio::time::timeout(limit, self.send(call)).await {
            Ok(done) => done,
            Err(_) => Err(CommandError::TooLate { url, waited: limit }),
        }
    }

    async fn send(&self, call: Call<'_>) -> Result<Bytes, CommandError> {
        let url = call.url;
        let address: Option<Uri> = url.parse().ok();
        let address = address
            .filter(|address| address.scheme_str() == Some("http") && address.host().is_some())
            .ok_or_else(|| CommandError::Url { url: url.clone() })?;
        let mut key =
            HeaderValue::try_from(call.key.expose_secret()).or(Err(CommandError::OddKey))?;
        key.set_sensitive(true);
        let mut request = Request::new(Full::new(call.body.unwrap_or_default().into()));
        *request.method_mut() = call.method;
        *request.uri_mut() = address;
        let headers = request.headers_mut();
        headers.insert(call.key_header, key);
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );

        let answer =
            self.http
                .request(request)
                .await
                .map_err(|source| CommandError::Unreachable {
                    url: url.clone(),
                    source: source.into(),
                })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST)
            .collect()
            .await
            .map_err(|source| CommandError::Answer { url, source })?
            .to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(CommandError::Refused {
                what: call.what,
                detail: detail(&body),
                status,
            })
        }
    }
}

/// The body of an answer as a value.
pub(super) fn parsed<T: DeserializeOwned>(body: &[u8], url: &str) -> Result<T, CommandError> {
    serde_json::from_slice(body).map_err(|source| CommandError::Answer {
        url: url.to_owned(),
        source: source.into(),
    })
}

/// What an error's body says, by any server of this API.
fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Detail {
        detail: String,
    }

    serde_json::from_slice::<Detail>(body)
        .map_or_else(|_| "it gives no reason".to_owned(), |body| body.detail)
}
