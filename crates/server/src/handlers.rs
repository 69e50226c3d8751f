//! The endpoints, one a file: each parses, calls one use case, answers.

pub(crate) mod batch;
pub(crate) mod events;
pub(crate) mod images;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod pause;
pub(crate) mod resume;
pub(crate) mod runtime;
pub(crate) mod session;
pub(crate) mod start;
pub(crate) mod stop;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use runtime_api::{Health, RegistryPrefix, WarmConfigs};
use runtime_core::{Lifecycle, SandboxBackend, Timestamp, View};

use crate::auth::Keys;
use crate::http::reply::{self, Reply};

/// What handlers work with.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) keys: Keys,
    /// Before every path; empty for none.
    pub(crate) path_prefix: String,
    pub(crate) registry_prefix: RegistryPrefix,
    pub(crate) images: Images,
    /// The OpenAPI document, written.
    pub(crate) openapi: Bytes,
}

/// Which images there are: those that the backend that takes new sandboxes could launch.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) backend: Arc<dyn SandboxBackend>,
    /// Since when, as far as clients are told: the mapping of images was read when the server started.
    pub(crate) since: Timestamp,
}

/// `GET /health` and the probes: the process answers.
pub(crate) fn health() -> Reply {
    reply::of(StatusCode::OK, &Health::OK)
}

/// `GET /openapi.json`
pub(crate) fn openapi(api: &Api) -> Reply {
    reply::json(StatusCode::OK, api.openapi.clone())
}

/// `GET /api/warm-runtime-configs`: none, which makes clients use their built-in default.
pub(crate) fn warm_configs() -> Reply {
    reply::of(StatusCode::OK, &WarmConfigs::default())
}

/// One runtime.
fn one(status: StatusCode, view: &View) -> Reply {
    note(view);
    reply::json(status, view.fragment.as_str().to_owned())
}

/// Names the sandbox in the request's span, so that one search of the log shows the way of one call.
fn note(view: &View) {
    let span = tracing::Span::current();
    span.record("sandbox.id", view.summary.id.as_str());
    span.record("session.id", view.summary.session.as_str());
}
