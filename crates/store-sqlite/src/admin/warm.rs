//! Warm configurations.

use runtime_core::{StoreError, StoredWarmConfig, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::unreadable;
use crate::error::unavailable;
use crate::sandboxes::whole;
use crate::writer::{Operation, Transaction, failed};

const PUT: &str = whole!("put_warm_config.sql");
const REMOVE: &str = whole!("remove_warm_config.sql");
const READ: &str = "read the warm configurations";

/// Every warm configuration, by name.
pub(super) async fn all(readers: &SqlitePool) -> Result<Vec<StoredWarmConfig>, StoreError> {
    let rows = sqlx::query(include_str!("../../queries/warm_configs.sql"))
        .fetch_all(readers)
        .await
        .map_err(|error| unavailable(READ, error))?;
    rows.iter()
        .map(|row| config(row).map_err(|source| unreadable(READ, source.into())))
        .collect()
}

fn config(row: &SqliteRow) -> Result<StoredWarmConfig, sqlx::Error> {
    Ok(StoredWarmConfig {
        name: row.try_get("name")?,
        document: row.try_get("document")?,
        updated_at: Timestamp::from_millis(row.try_get("updated_at")?),
    })
}

/// Stores a configuration in the place of the one of its name.
#[derive(Debug)]
pub(super) struct PutConfig(pub(super) StoredWarmConfig);

impl Operation for PutConfig {
    type Answer = ();
    const ATTEMPT: &'static str = "store a warm configuration";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Self(config) = self;
        let query = sqlx::query(PUT)
            .bind(config.name)
            .bind(config.document)
            .bind(config.updated_at.as_millis());
        transaction
            .rows(query)
            .await
            .map(drop)
            .map_err(failed::<Self>)
    }
}

/// Forgets a configuration.
#[derive(Debug)]
pub(super) struct RemoveConfig(pub(super) String);

impl Operation for RemoveConfig {
    type Answer = bool;
    const ATTEMPT: &'static str = "forget a warm configuration";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let query = sqlx::query(REMOVE).bind(self.0);
        let removed = transaction.rows(query).await.map_err(failed::<Self>)?;
        Ok(!removed.is_empty())
    }
}
