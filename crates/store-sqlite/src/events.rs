//! The timeline of a sandbox. Its entries are written by the operations on sandboxes, in their transactions.

use runtime_core::sandbox::Event;
use runtime_core::{SandboxId, StoreError};
use sqlx::sqlite::SqlitePool;

use crate::error::unavailable;

/// The timeline, oldest first.
pub(crate) async fn of(readers: &SqlitePool, id: &SandboxId) -> Result<Vec<Event>, StoreError> {
    let entries: Vec<String> = sqlx::query_scalar(include_str!("../queries/events.sql"))
        .bind(id.as_str().to_owned())
        .fetch_all(readers)
        .await
        .map_err(|error| unavailable("read the timeline of a sandbox", error))?;
    entries
        .iter()
        .map(|entry| serde_json::from_str(entry))
        .collect::<Result<_, _>>()
        .map_err(|source| StoreError::Unreadable {
            id: id.clone(),
            source: source.into(),
        })
}
