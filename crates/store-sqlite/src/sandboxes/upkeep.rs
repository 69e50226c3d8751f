//! Writes that change no record: activity, and forgetting.

use runtime_core::{SandboxId, StoreError, Timestamp};

use super::whole;
use crate::row::document;
use crate::writer::{Operation, Transaction, failed};

const TOUCH: &str = whole!("touch.sql");
const PURGE: &str = whole!("purge.sql");

/// Notes activity; older times than the stored ones change nothing.
#[derive(Debug)]
pub(crate) struct Touch(String);

impl Touch {
    pub(crate) fn new(seen: &[(SandboxId, Timestamp)]) -> Result<Self, StoreError> {
        document(seen).map(Self)
    }
}

impl Operation for Touch {
    type Answer = ();
    const ATTEMPT: &'static str = "note the activity of sandboxes";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let query = sqlx::query(TOUCH).bind(self.0);
        transaction
            .rows(query)
            .await
            .map(drop)
            .map_err(failed::<Self>)
    }
}

/// Forgets stopped records, oldest first.
#[derive(Debug)]
pub(crate) struct Purge {
    pub(crate) before: Timestamp,
    pub(crate) limit: u32,
}

impl Operation for Purge {
    type Answer = u32;
    const ATTEMPT: &'static str = "forget old sandboxes";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<u32, StoreError> {
        let query = sqlx::query(PURGE)
            .bind(self.before.as_millis())
            .bind(i64::from(self.limit));
        let forgotten = transaction.rows(query).await.map_err(failed::<Self>)?;
        // Never more than the limit, which is of this type.
        Ok(u32::try_from(forgotten.len()).unwrap_or(u32::MAX))
    }
}
