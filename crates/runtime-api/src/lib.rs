//! The wire types of the OpenHands remote runtime API: the JSON of the contract. Nothing here does I/O, but for the typed
//! client behind the feature `client`.
//!
//! Requests are parsed, not validated later: [`StartRequest::parse`] takes the bytes of a body and gives either a
//! request in which every field is checked, or a [`BodyError`], one sentence that names the field and says what is
//! expected. A field that is `null` means the same as an absent one, and unknown fields are ignored (contract §1.9).
//!
//! Responses are plain structs. [`Response::to_json`] writes any of them; a [`Runtime`] is written once per change
//! and its bytes are put together by [`list_of`], [`list_of_parts`] and [`array_of`], so that a list of 10,000 costs no copy.
//!
//! ```
//! use runtime_api::{Entrypoint, StartRequest};
//!
//! let request = StartRequest::parse(br#"{"image": "agent-server:1.58.2", "command": "serve --port 60000"}"#)?;
//! assert_eq!(request.entrypoint, Entrypoint::exec(["serve", "--port", "60000"]));
//!
//! let error = StartRequest::parse(br#"{"image": 5}"#).unwrap_err();
//! assert_eq!(error.field(), Some("image"));
//! # Ok::<(), runtime_api::BodyError>(())
//! ```
//!
//! | file | what stands there |
//! | --- | --- |
//! | `start`, `command`, `environment` | the request that makes a runtime |
//! | `lifecycle` | the requests that stop, pause and resume one |
//! | `runtime` | the runtime object and its status words |
//! | `list`, `sessions` | many of them, written from ready fragments; the ids of a batch |
//! | `images`, `health` | the other answers |
//! | `extensions` | what a server of ours tells beside the contract: events and logs |
//! | `warm`, `admin` | warm configurations; what administrators ask and get |
//! | `body`, `query` | how a body and a query are read, and the error when they cannot be |
//! | `client` | a typed client, behind the feature of that name |
//! | `error`, `response` | the error body with its stable codes, and how a body is written |

mod admin;
mod body;
#[cfg(feature = "client")]
pub mod client;
mod command;
mod environment;
mod error;
mod extensions;
mod health;
mod images;
mod lifecycle;
mod list;
mod query;
mod response;
mod runtime;
mod sessions;
mod start;
mod warm;

pub use admin::{AdminApiKey, AdminChallenge, AdminLogin, AdminToken, Message};
pub use body::BodyError;
pub use command::{Command, Entrypoint};
pub use environment::Environment;
pub use error::{ErrorBody, ErrorCode};
pub use extensions::{RuntimeEvent, RuntimeEvents, RuntimeLogs};
pub use health::Health;
pub use images::{ImageExists, ImageFacts, ImageQuery, RegistryPrefix};
pub use lifecycle::LifecycleRequest;
pub use list::{RuntimeList, array_of, list_of, list_of_parts, part_of};
pub use response::Response;
pub use runtime::{
    PodStatus, PodStatusCase, PodStatusText, Runtime, SessionApiKey, Status, UnknownWord,
};
pub use sessions::{AskedId, BatchQuery};
pub use start::{
    Identity, IdentityField, ImagePullPolicy, ResourceFactor, StartRequest, is_legacy,
};
pub use warm::{Mount, WarmConfig, WarmConfigShape, WarmConfigs, WarmSource, WarmSpec};
