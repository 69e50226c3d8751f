//! A typed client of the API, for any server of it.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use runtime_api::StartRequest;
//! use runtime_api::client::Client;
//!
//! # async fn example() -> Result<(), runtime_api::client::ClientError> {
//! let client = Client::new("http://127.0.0.1:9000", "my-key")?;
//! let request = StartRequest::of_image("ghcr.io/openhands/agent-server:1.58.2-python").in_session("my-session");
//! let started = client.start(&request).await?;
//! let runtime = client.wait_until_ready(&started.runtime_id, Duration::from_secs(300)).await?;
//! println!("{} answers at {}", runtime.runtime_id, runtime.url);
//! client.stop(&runtime.runtime_id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! It speaks HTTP/1.1, over TLS where the base URL says so; authorities are those of the system, or of the files that
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` name. It follows no redirect, for a redirected `POST` is another call, and it tries
//! nothing twice: [`ClientError::is_transient`] says when that makes sense.
//!
//! # Cancel safety
//! Dropping a call's future closes its connection. The server may have got the request: a start that was cut off has
//! made a runtime or none, which a second start of the same session finds out.

mod builder;
mod error;
mod excerpt;
mod key;
mod path;
mod ready;
mod transport;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    Health, ImageExists, LifecycleRequest, RegistryPrefix, Runtime, RuntimeEvent, RuntimeEvents,
    RuntimeList, RuntimeLogs, StartRequest, WarmConfig, WarmConfigs,
};

pub use builder::ClientBuilder;
pub use error::{ClientError, Refusal};
pub use key::ApiKey;
pub use path::segment;
use transport::Transport;

/// The API of one server. A clone shares its connections.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// A client with defaults.
    ///
    /// # Errors
    /// Those of [`ClientBuilder::build`].
    pub fn new(base_url: &str, api_key: impl Into<ApiKey>) -> Result<Self, ClientError> {
        Self::builder(base_url).api_key(api_key).build()
    }

    /// A client of `base_url`, which may have a path (`https://host/v0/runtime`) and a trailing slash.
    pub fn builder(base_url: &str) -> ClientBuilder {
        ClientBuilder::new(base_url)
    }

    /// `POST /start`: the session's runtime, a new one or the one that it has. It may still be starting.
    ///
    /// # Errors
    /// [`ClientError`], as for every call.
    pub async fn start(&self, request: &StartRequest) -> Result<Runtime, ClientError> {
        self.post_json("/start", request).await
    }

    /// `POST /stop`: compute and disk go. The runtime as it was left, where the server says it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stop(&self, id: &str) -> Result<Option<Runtime>, ClientError> {
        self.end("/stop", id).await
    }

    /// `POST /pause`: compute goes, the disk stays. The runtime as it was left, where the server says it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pause(&self, id: &str) -> Result<Option<Runtime>, ClientError> {
        self.end("/pause", id).await
    }

    /// `POST /resume`: a paused or failed runtime comes back on its disk.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn resume(&self, id: &str) -> Result<Runtime, ClientError> {
        self.post_json("/resume", &LifecycleRequest::of(id)).await
    }

    /// `GET /runtime/{id}`: one runtime.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn runtime(&self, id: &str) -> Result<Runtime, ClientError> {
        self.get_json(&format!("/runtime/{}", segment(id))).await
    }

    /// `GET /sessions/{id}`: the runtime of a session, else its newest stopped or failed one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn session(&self, id: &str) -> Result<Runtime, ClientError> {
        self.get_json(&format!("/sessions/{}", segment(id))).await
    }

    /// `GET /sessions/batch`: the runtimes of many sessions, in no order; unknown ones are left out. One call, however
    /// many ids there are; without ids none.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sessions<I>(&self, ids: I) -> Result<Vec<Runtime>, ClientError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let query = path::repeated("ids", ids);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        self.get_json(&format!("/sessions/batch?{query}")).await
    }

    /// `GET /list`: every runtime that is starting or running.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self) -> Result<RuntimeList, ClientError> {
        self.get_json("/list").await
    }

    /// `GET /registry_prefix`: where images of runtimes live.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn registry_prefix(&self) -> Result<String, ClientError> {
        let prefix: RegistryPrefix = self.get_json("/registry_prefix").await?;
        Ok(prefix.registry_prefix)
    }

    /// `GET /image_exists`: whether an image could be started.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn image_exists(&self, image: &str) -> Result<ImageExists, ClientError> {
        let query = path::repeated("image", [image]);
        self.get_json(&format!("/image_exists?{query}")).await
    }

    /// `GET /api/warm-runtime-configs`: what runtimes are kept warm of.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn warm_configs(&self) -> Result<Vec<WarmConfig>, ClientError> {
        let warm: WarmConfigs = self.get_json("/api/warm-runtime-configs").await?;
        Ok(warm.configs)
    }

    /// `GET /health`, which asks for no key.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get_json("/health").await
    }

    /// `GET /list?state=open`, of servers of ours: every runtime that is not stopped, the paused and failed ones, too.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_open(&self) -> Result<RuntimeList, ClientError> {
        self.get_json("/list?state=open").await
    }

    /// `GET /runtime/{id}/logs`, of servers of ours: at most the last `bytes` of what a runtime wrote.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn logs(&self, id: &str, bytes: u64) -> Result<String, ClientError> {
        let path = format!("/runtime/{}/logs?bytes={bytes}", segment(id));
        let logs: RuntimeLogs = self.get_json(&path).await?;
        Ok(logs.logs)
    }

    /// `GET /runtime/{id}/events`, of servers of ours: what happened to a runtime, oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, id: &str) -> Result<Vec<RuntimeEvent>, ClientError> {
        let path = format!("/runtime/{}/events", segment(id));
        let events: RuntimeEvents = self.get_json(&path).await?;
        Ok(events.events)
    }

    /// Any `GET`: `path` begins with `/`, may have a query, and is percent-encoded already (see [`segment`]).
    ///
    /// With `Box<serde_json::value::RawValue>` the answer is the text as it came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.transport
            .call(http::Method::GET, path, None)
            .await?
            .read()
    }

    /// Any `POST` of JSON; `path` as for [`get_json`](Self::get_json).
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn post_json<B, T>(&self, path: &str, body: &B) -> Result<T, ClientError>
    where
        B: Serialize + ?Sized + Sync,
        T: DeserializeOwned,
    {
        let body = serde_json::to_vec(body).map_err(ClientError::unwritable)?;
        self.transport
            .call(http::Method::POST, path, Some(body))
            .await?
            .read()
    }

    /// What a server says of a runtime that ends is optional (contract §5.3).
    async fn end(&self, path: &str, id: &str) -> Result<Option<Runtime>, ClientError> {
        let body =
            serde_json::to_vec(&LifecycleRequest::of(id)).map_err(ClientError::unwritable)?;
        let answer = self
            .transport
            .call(http::Method::POST, path, Some(body))
            .await?;
        Ok(answer.read().ok())
    }
}
