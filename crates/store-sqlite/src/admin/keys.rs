//! API keys.

use std::error::Error as StdError;

use runtime_core::{ApiKeyHash, StoreError, StoredKey, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use uuid::Uuid;

use super::unreadable;
use crate::error::{is_unique_violation, unavailable};
use crate::sandboxes::whole;
use crate::writer::{Operation, Transaction, failed};

const ADD: &str = whole!("add_key.sql");
const REVOKE: &str = whole!("revoke_key.sql");
const READ: &str = "read the API keys";

/// Every key, oldest first.
pub(super) async fn all(readers: &SqlitePool) -> Result<Vec<StoredKey>, StoreError> {
    let rows = sqlx::query(include_str!("../../queries/keys.sql"))
        .fetch_all(readers)
        .await
        .map_err(|error| unavailable(READ, error))?;
    rows.iter()
        .map(|row| key(row).map_err(|source| unreadable(READ, source)))
        .collect()
}

fn key(row: &SqliteRow) -> Result<StoredKey, Box<dyn StdError + Send + Sync>> {
    let id: &str = row.try_get("id")?;
    let tenant: &str = row.try_get("tenant")?;
    let hash: &[u8] = row.try_get("hash")?;
    let hash: [u8; 32] = hash.try_into()?;
    let time = |column| -> Result<Option<Timestamp>, sqlx::Error> {
        let millis: Option<i64> = row.try_get(column)?;
        Ok(millis.map(Timestamp::from_millis))
    };
    Ok(StoredKey {
        id: Uuid::parse_str(id)?,
        name: row.try_get("name")?,
        tenant: tenant.parse::<TenantId>()?,
        hash: ApiKeyHash::from(hash),
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
        expires_at: time("expires_at")?,
        revoked_at: time("revoked_at")?,
    })
}

/// Stores a key unless its name is taken.
#[derive(Debug)]
pub(super) struct AddKey(StoredKey);

impl AddKey {
    pub(super) fn new(key: &StoredKey) -> Self {
        Self(key.clone())
    }
}

impl Operation for AddKey {
    type Answer = bool;
    const ATTEMPT: &'static str = "store an API key";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let Self(key) = self;
        let query = sqlx::query(ADD)
            .bind(key.id.to_string())
            .bind(key.name)
            .bind(key.tenant.as_str().to_owned())
            .bind(key.hash.as_bytes().to_vec())
            .bind(key.created_at.as_millis())
            .bind(key.expires_at.map(Timestamp::as_millis))
            .bind(key.revoked_at.map(Timestamp::as_millis));
        match transaction.rows(query).await {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(error) if is_unique_violation(&error) => Err(StoreError::Invalid(
                "the id or the text of the API key is that of another one",
            )),
            Err(error) => Err(failed::<Self>(error)),
        }
    }
}

/// Revokes a key that is not revoked.
#[derive(Debug)]
pub(super) struct RevokeKey {
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
}

impl Operation for RevokeKey {
    type Answer = bool;
    const ATTEMPT: &'static str = "revoke an API key";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let query = sqlx::query(REVOKE)
            .bind(self.id.to_string())
            .bind(self.at.as_millis());
        let revoked = transaction.rows(query).await.map_err(failed::<Self>)?;
        Ok(!revoked.is_empty())
    }
}
