//! How administrators log in: challenges, and the tokens of those who did.

use runtime_core::{ApiKeyHash, StoreError, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqlitePool;

use crate::error::unavailable;
use crate::sandboxes::whole;
use crate::writer::{Operation, Transaction, failed};

const ADD_CHALLENGE: &str = whole!("add_challenge.sql");
const TAKE_CHALLENGE: &str = whole!("take_challenge.sql");
const ADD_TOKEN: &str = whole!("add_token.sql");

/// Whether the token is stored and has not expired.
pub(super) async fn has_token(
    readers: &SqlitePool,
    token: &ApiKeyHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(include_str!("../../queries/has_token.sql"))
        .bind(token.as_bytes().to_vec())
        .bind(now.as_millis())
        .fetch_one(readers)
        .await
        .map_err(|error| unavailable("look up an administrator's token", error))
}

/// Stores a challenge and forgets the expired ones.
#[derive(Debug)]
pub(super) struct AddChallenge {
    pub(super) challenge: String,
    pub(super) now: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Operation for AddChallenge {
    type Answer = ();
    const ATTEMPT: &'static str = "store a challenge";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let query = sqlx::query(ADD_CHALLENGE)
            .bind(self.challenge)
            .bind(self.expires_at.as_millis())
            .bind(self.now.as_millis());
        transaction
            .rows(query)
            .await
            .map(drop)
            .map_err(failed::<Self>)
    }
}

/// Takes a challenge away.
#[derive(Debug)]
pub(super) struct TakeChallenge {
    pub(super) challenge: String,
    pub(super) now: Timestamp,
}

impl Operation for TakeChallenge {
    type Answer = bool;
    const ATTEMPT: &'static str = "take a challenge";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let query = sqlx::query(TAKE_CHALLENGE)
            .bind(self.challenge)
            .bind(self.now.as_millis());
        let taken = transaction.rows(query).await.map_err(failed::<Self>)?;
        taken.first().map_or(Ok(false), |row| {
            row.try_get("in_time").map_err(failed::<Self>)
        })
    }
}

/// Stores a token and forgets the expired ones.
#[derive(Debug)]
pub(super) struct AddToken {
    pub(super) token: ApiKeyHash,
    pub(super) now: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Operation for AddToken {
    type Answer = ();
    const ATTEMPT: &'static str = "store an administrator's token";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let query = sqlx::query(ADD_TOKEN)
            .bind(self.token.as_bytes().to_vec())
            .bind(self.expires_at.as_millis())
            .bind(self.now.as_millis());
        transaction
            .rows(query)
            .await
            .map(drop)
            .map_err(failed::<Self>)
    }
}
