//! The operator's listener: is the process alive, is it ready, what are its figures. No keys, so loopback by default.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;
use runtime_core::Core;
use serde::{Deserialize, Serialize};
use tower::{Service, service_fn};

use crate::http::error::{self, ApiError, chain};
use crate::http::reply::{self, Reply};
use crate::http::route::RouteError;
use crate::metrics;

/// For the store to answer.
const STORE_ANSWERS: Duration = Duration::from_secs(2);
/// The text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the listener tells of.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) core: Arc<Core>,
    pub(crate) metrics: PrometheusHandle,
}

/// Whether work can be done, and why not: the body of `/readyz`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Readiness {
    pub(crate) ready: bool,
    /// The reasons in one sentence, where it is not ready.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
    pub(crate) reasons: Vec<String>,
    /// Of the server.
    pub(crate) version: String,
    /// Whether the store answers.
    pub(crate) store: bool,
    /// Whether what is observed of each backend is up to date.
    pub(crate) backends: BTreeMap<String, bool>,
    /// Sandboxes that are starting or running.
    pub(crate) live: usize,
    /// Sandboxes that are not stopped.
    pub(crate) unfinished: usize,
    /// Boots without a record.
    pub(crate) orphan_boots: usize,
    /// Disks without a record.
    pub(crate) orphan_disks: usize,
}

/// The service that answers the operator's requests.
pub(crate) fn service<B: Send + 'static>(
    operator: Arc<Operator>,
) -> impl Service<Request<B>, Response = Reply, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    service_fn(move |request: Request<B>| {
        let operator = Arc::clone(&operator);
        async move {
            let (head, _body) = request.into_parts();
            if ![Method::GET, Method::HEAD].contains(&head.method) {
                let allowed = "GET, HEAD";
                return Ok(error::reply(&RouteError::Method { allowed }.into()));
            }
            Ok(match head.uri.path() {
                "/livez" => reply::json(StatusCode::OK, r#"{"status":"ok"}"#),
                "/readyz" => operator.readiness().await,
                "/metrics" => operator.figures(),
                _ => error::reply(&ApiError::Route(RouteError::Unknown)),
            })
        }
    })
}

impl Operator {
    async fn readiness(&self) -> Reply {
        let mut reasons = Vec::new();
        match tokio::time::timeout(STORE_ANSWERS, self.core.store_answers()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => reasons.push(format!("the store does not answer: {}", chain(&error))),
            Err(_) => reasons.push("the store does not answer in time".to_owned()),
        }
        let store = reasons.is_empty();
        let health = self.core.health();
        let backends: BTreeMap<_, _> = (health.backends.iter())
            .map(|(name, fresh)| (name.to_string(), *fresh))
            .collect();
        let stale = backends.iter().filter(|(_, fresh)| !**fresh);
        reasons.extend(stale.map(|(backend, _)| {
            format!("what is observed of the backend `{backend}` is not up to date")
        }));
        let status = if reasons.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let readiness = Readiness {
            ready: reasons.is_empty(),
            detail: reasons.join("; "),
            reasons,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            store,
            backends,
            live: health.live,
            unfinished: health.unfinished,
            orphan_boots: health.orphan_boots,
            orphan_disks: health.orphan_disks,
        };
        // Texts, numbers and booleans are always written.
        reply::json(status, serde_json::to_vec(&readiness).unwrap_or_default())
    }

    fn figures(&self) -> Reply {
        metrics::core(&self.core.health());
        reply::with_type(StatusCode::OK, METRICS_TYPE, self.metrics.render())
    }
}
