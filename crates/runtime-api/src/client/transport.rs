//! One call: request, answer, time limit.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;

use super::excerpt;
use super::{ClientError, Refusal};

/// For a connection to come about; the handshake of TLS counts to the time of the call.
const CONNECT: Duration = Duration::from_secs(10);
/// Connections that are not used are closed after it, before servers do it.
const IDLE: Duration = Duration::from_secs(20);
/// The largest answer that is read, in bytes: a list of 10,000 runtimes has some 10 MB.
const LARGEST: usize = 256 << 20;

/// How a server is called.
#[derive(Clone)]
pub(super) struct Transport(Arc<Inner>);

struct Inner {
    http: Http<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Without a trailing slash.
    base: String,
    key: Option<(HeaderName, HeaderValue)>,
    user_agent: HeaderValue,
    time_out: Duration,
}

/// Its key's value is marked as sensitive, and is not shown at all.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base", &self.0.base)
            .field("time_out", &self.0.time_out)
            .finish_non_exhaustive()
    }
}

/// The body of a success.
pub(super) struct Answer {
    request: String,
    body: Bytes,
}

impl Answer {
    /// The body as this type.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|error| ClientError::NotUnderstood {
            request: self.request.clone(),
            // It may quote the answer.
            why: excerpt::without_keys(&error.to_string(), false),
            beginning: excerpt::beginning(&self.body),
        })
    }
}

impl Transport {
    pub(super) fn new(
        base: String,
        key: Option<(HeaderName, HeaderValue)>,
        user_agent: HeaderValue,
        time_out: Duration,
    ) -> Result<Self, ClientError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(base.starts_with("https:"))?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Http::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self(Arc::new(Inner {
            http,
            base,
            key,
            user_agent,
            time_out,
        })))
    }

    /// Sends a request and reads the whole of its answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ClientError> {
        let inner = &*self.0;
        let request = inner.request(method, path, body)?;
        match tokio::time::timeout(inner.time_out, inner.send(request)).await {
            Ok(done) => done,
            Err(_) => Err(ClientError::TimedOut {
                url: inner.base.clone(),
                waited: inner.time_out,
            }),
        }
    }
}

impl Inner {
    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let uri: Uri = format!("{}{path}", self.base)
            .parse()
            .or(Err(ClientError::Url {
                url: format!("a path of {}", self.base),
                why: "it is too long, or not percent-encoded",
            }))?;
        let json = body.is_some();
        let mut request = Request::new(Full::new(body.unwrap_or_default().into()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, self.user_agent.clone());
        if json {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some((name, key)) = &self.key {
            headers.insert(name, key.clone());
        }
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        let method = request.method().clone();
        // Without the query, which may be long.
        let path = request.uri().path().to_owned();
        let url = || self.base.clone();
        let answer = self.http.request(request).await.map_err(|error| {
            let connecting = error.is_connect();
            let (url, source) = (url(), error.into());
            if connecting {
                ClientError::Connect { url, source }
            } else {
                ClientError::Broken { url, source }
            }
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST)
            .collect()
            .await
            .map_err(|source| ClientError::Broken { url: url(), source })?
            .to_bytes();
        if head.status.is_success() {
            let request = format!("{method} {path}");
            return Ok(Answer { request, body });
        }
        Err(Refusal::of(&method, &path, head.status, &head.headers, &body).into())
    }
}

/// A base URL of `http` needs no authorities, and must work where there are none.
fn tls(needed: bool) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Authorities(std::io::Error::other(error)))?;
    let builder = if needed {
        builder
            .with_native_roots()
            .map_err(ClientError::Authorities)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}
