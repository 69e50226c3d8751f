//! What operators keep beside sandboxes: API keys, the sessions of administrators, warm configurations.

use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::TenantId;
use crate::secret::ApiKeyHash;
use crate::store::StoreError;

/// An API key as it is stored: its text is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Names it for ever, also when another key gets its name.
    pub id: Uuid,
    /// What people call it; unique among the keys that are not revoked.
    pub name: String,
    /// Whose sandboxes it sees.
    pub tenant: TenantId,
    /// What is left of the key.
    pub hash: ApiKeyHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; none for never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl StoredKey {
    /// Whether the key opens anything at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A warm configuration as it is stored. The core does not know what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWarmConfig {
    /// Its name, unique.
    pub name: String,
    /// JSON.
    pub document: String,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// Keeps what operators say. Object-safe, cheap to share. What a method acknowledged survives a crash of the process and
/// of the machine.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AdminStore: fmt::Debug + Send + Sync {
    /// Stores a new key. False: another key that is not revoked has its name (expired ones keep theirs), and nothing is
    /// stored.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Invalid`] where another key has the id or the hash, revoked ones included.
    ///
    /// # Cancel safety
    /// Dropping the call does not undo it: the key may or may not be stored. So it is with every write of this trait.
    async fn add_key(&self, key: &StoredKey) -> Result<bool, StoreError>;

    /// Every key that was ever stored, revoked and expired ones included, in the order in which they were stored.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Revokes a key for ever; its name is free from then on. False: there is no such key, or it was revoked before, at a
    /// time that stays.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn revoke_key(&self, id: Uuid, at: Timestamp) -> Result<bool, StoreError>;

    /// Stores a challenge that can be taken once, before `expires_at`. Those that have expired at `now` are forgotten.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn add_challenge(
        &self,
        challenge: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes a challenge: of many who try, one gets it. False: it was taken, has expired at `now`, or never was; it is gone
    /// in any case.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take_challenge(&self, challenge: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// Stores the hash of an administrator's token, which is good before `expires_at`. Those that have expired at `now` are
    /// forgotten.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn add_token(
        &self,
        token: &ApiKeyHash,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whether this token was stored and has not expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn has_token(&self, token: &ApiKeyHash, now: Timestamp) -> Result<bool, StoreError>;

    /// Every stored warm configuration, in the order of their names' bytes.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn warm_configs(&self) -> Result<Vec<StoredWarmConfig>, StoreError>;

    /// Stores a warm configuration in the place of the one of its name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_warm_config(&self, config: &StoredWarmConfig) -> Result<(), StoreError>;

    /// Forgets a warm configuration. False: there is none of this name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn remove_warm_config(&self, name: &str) -> Result<bool, StoreError>;
}
