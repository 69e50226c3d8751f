//! The durable records of sandboxes in one SQLite file: the core's [`StateStore`](runtime_core::StateStore) and
//! [`AdminStore`](runtime_core::AdminStore).
//!
//! All writes go through one task, which commits whatever waits in one transaction and then answers (*group commit*):
//! what was acknowledged is on the disk, and many writers share one flush. Reads have connections of their own and
//! never wait for it. One process owns the file, by a lock beside it. The way of a write is [`SqliteStore`] →
//! `sandboxes/*.rs` → `writer.rs`; the SQL stands in `queries/` and `migrations/`.
//!
//! ```
//! use runtime_core::StateStore;
//! use store_sqlite::{SqliteSettings, SqliteStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let store = SqliteStore::open(SqliteSettings::new(directory.path().join("pinfold.db"))).await?;
//! assert!(store.get(&"unknown".parse()?).await?.is_none());
//! store.close().await;
//! # Ok(())
//! # })
//! # }
//! ```

mod admin;
mod backup;
mod changes;
mod config;
mod connect;
mod error;
mod events;
mod installation;
mod lock;
mod migrate;
mod row;
mod sandboxes;
mod seal;
mod store;
mod writer;

pub use backup::{BackupError, backup};
pub use config::SqliteSettings;
pub use error::OpenError;
pub use seal::{InvalidSealKey, SealKey};
pub use store::SqliteStore;
