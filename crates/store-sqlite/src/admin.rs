//! The tables of what operators keep beside sandboxes: the core's [`AdminStore`]. Each method forwards to the file that
//! knows its table.

mod keys;
mod logins;
mod warm;

use std::error::Error as StdError;

use async_trait::async_trait;
use runtime_core::{AdminStore, ApiKeyHash, StoreError, StoredKey, StoredWarmConfig, Timestamp};
use uuid::Uuid;

use crate::store::SqliteStore;
use keys::{AddKey, RevokeKey};
use logins::{AddChallenge, AddToken, TakeChallenge};
use warm::{PutConfig, RemoveConfig};

#[async_trait]
impl AdminStore for SqliteStore {
    async fn add_key(&self, key: &StoredKey) -> Result<bool, StoreError> {
        self.write(AddKey::new(key)).await
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        keys::all(self.readers()).await
    }

    async fn revoke_key(&self, id: Uuid, at: Timestamp) -> Result<bool, StoreError> {
        self.write(RevokeKey { id, at }).await
    }

    async fn add_challenge(
        &self,
        challenge: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let challenge = challenge.to_owned();
        self.write(AddChallenge {
            challenge,
            now,
            expires_at,
        })
        .await
    }

    async fn take_challenge(&self, challenge: &str, now: Timestamp) -> Result<bool, StoreError> {
        let challenge = challenge.to_owned();
        self.write(TakeChallenge { challenge, now }).await
    }

    async fn add_token(
        &self,
        token: &ApiKeyHash,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let token = token.clone();
        self.write(AddToken {
            token,
            now,
            expires_at,
        })
        .await
    }

    async fn has_token(&self, token: &ApiKeyHash, now: Timestamp) -> Result<bool, StoreError> {
        logins::has_token(self.readers(), token, now).await
    }

    async fn warm_configs(&self) -> Result<Vec<StoredWarmConfig>, StoreError> {
        warm::all(self.readers()).await
    }

    async fn put_warm_config(&self, config: &StoredWarmConfig) -> Result<(), StoreError> {
        self.write(PutConfig(config.clone())).await
    }

    async fn remove_warm_config(&self, name: &str) -> Result<bool, StoreError> {
        self.write(RemoveConfig(name.to_owned())).await
    }
}

/// A row that this version did not write.
fn unreadable(attempt: &'static str, source: Box<dyn StdError + Send + Sync>) -> StoreError {
    StoreError::Unavailable {
        attempt,
        advice: "the database was changed by hand or is damaged: restore a backup".to_owned(),
        source,
    }
}
