//! A client for the API and for what sandboxes answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// No call of the API and nothing that tests ask of a sandbox takes longer.
const CALL: Duration = Duration::from_secs(60);

/// A client with a pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

/// An answer, complete.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Http {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Reply, String> {
        let call = async {
            let response = self.open(method, url, headers, body).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            Ok(Reply {
                status: head.status.as_u16(),
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        tokio::time::timeout(CALL, call)
            .await
            .unwrap_or_else(|_| Err(format!("{method} {url}: no answer within {CALL:?}")))
    }

    /// Sends a request; the body of the answer is still to come.
    pub(crate) async fn open(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Response<Incoming>, String> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        tokio::time::timeout(CALL, self.0.request(request))
            .await
            .map_err(|_elapsed| format!("{method} {url}: no answer within {CALL:?}"))?
            .map_err(|error| format!("{method} {url}: {error:?}"))
    }

    /// `GET` without a key.
    pub(crate) async fn get(&self, url: &str) -> Result<Reply, String> {
        self.send("GET", url, &[], "").await
    }
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: no JSON ({error}): {}", self.status, self.text()))
    }

    /// The JSON body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The sentence of an error that must have this status and the form that all clients can read (contract §1.5).
    #[track_caller]
    pub(crate) fn refusal(&self, status: u16) -> String {
        let body = self.expect(status);
        assert!(body.is_object(), "an error is an object: {body}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        let detail = body["detail"].as_str().unwrap_or_default().to_owned();
        assert!(!detail.is_empty(), "{body}");
        assert_eq!(body["message"], detail.as_str());
        assert!(body["error"].is_string(), "{body}");
        detail
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The next part of a body that comes piece by piece; none at its end.
pub(crate) async fn next_part(body: &mut Incoming) -> Option<String> {
    let frame = tokio::time::timeout(CALL, body.frame())
        .await
        .expect("no part in time")?
        .expect("the body broke");
    Some(String::from_utf8_lossy(frame.data_ref().map_or(b"", |data| data)).into_owned())
}
