//! The domain of pinfold, a server for agent sandboxes: ids, specs, records, the two pure functions that move them, the
//! traits of the world outside, the use cases and the reconciler that keeps what is wanted.
//!
//! Nothing here knows HTTP, SQL or Kubernetes. Time and chance come in through [`Clock`] and [`Entropy`].
//!
//! ```
//! use runtime_core::{Entropy, SandboxId, SystemEntropy};
//!
//! let id = SandboxId::generate(&SystemEntropy);
//! assert_eq!(id.as_str().len(), 16);
//! ```

mod activity;
mod addresses;
mod admin;
mod agent;
mod backend;
mod clock;
mod core;
mod directory;
mod entropy;
mod error;
mod ids;
mod images;
mod lifecycle;
mod reconcile;
mod records;
mod routes;
pub mod sandbox;
mod secret;
mod settings;
mod store;
mod tasks;
#[cfg(test)]
mod testing;
mod views;

pub use crate::core::{Core, Health, Parts};
pub use addresses::{AddressError, Addresses};
pub use admin::{AdminStore, StoredKey, StoredWarmConfig};
pub use agent::{Agent, AgentError, Endpoint, Init};
pub use backend::{
    BackendError, BackendEvent, Bounded, Capabilities, ErrorClass, LaunchSpec, SandboxBackend,
    Seen, Sighting, Thing,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use entropy::{Entropy, SystemEntropy};
pub use error::Error;
pub use ids::{
    BackendName, Boot, Generation, InstallationId, InvalidName, SandboxId, SessionId, TenantId,
    Version,
};
pub use images::{ImageError, ImageFacts, Images};
pub use lifecycle::{Lifecycle, StartRequest};
pub use routes::{Route, RouteError, Routes, Standing, Why};
pub use secret::{ApiKeyHash, SessionKey, random_key};
pub use settings::Settings;
pub use store::{Admit, Changes, Cursor, Inserted, Replacing, StateStore, StoreError, Updated};

pub use views::{Fragment, List, Render, View};

#[cfg(any(test, feature = "mock"))]
pub use addresses::MockAddresses;
#[cfg(any(test, feature = "mock"))]
pub use admin::MockAdminStore;
#[cfg(any(test, feature = "mock"))]
pub use agent::MockAgent;
#[cfg(any(test, feature = "mock"))]
pub use backend::MockSandboxBackend;
#[cfg(any(test, feature = "mock"))]
pub use images::MockImages;
#[cfg(any(test, feature = "mock"))]
pub use routes::MockRoutes;
#[cfg(any(test, feature = "mock"))]
pub use store::MockStateStore;
