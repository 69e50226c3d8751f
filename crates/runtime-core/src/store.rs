//! The durable records.

mod error;

use std::fmt;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use error::StoreError;

use crate::clock::Timestamp;
use crate::ids::{InstallationId, SandboxId, SessionId, TenantId, Version};
use crate::sandbox::{Event, Record, Summary};

/// What a write must fit into, checked in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// It makes nothing live, or nothing is limited.
    Always,
    /// A write that makes a sandbox live is stored only if at most this many of the installation are live afterwards.
    MaxLive(u32),
}

/// A record that gives its session's place to a new one, in the transaction of the insert.
#[derive(Debug, Clone, Copy)]
pub struct Replacing<'a> {
    /// The old record as it is to be stored, made from the version that it carries. It must not be open any more.
    pub closed: &'a Record,
    /// Its timeline entries.
    pub events: &'a [Event],
}

/// What became of an insert.
#[derive(Debug, Clone)]
pub enum Inserted {
    /// It is stored, with [`Version::FIRST`].
    Created,
    /// The session has an open record, which is this one; or the record to be replaced has changed and is this one.
    Exists(Box<Record>),
    /// The limit does not allow it; so many are live.
    OverQuota {
        /// Live ones now.
        live: u32,
    },
}

/// What became of an update.
#[derive(Debug, Clone)]
pub enum Updated {
    /// It is stored, with this version.
    Yes(Version),
    /// Somebody was faster: this is what is stored.
    Stale(Box<Record>),
    /// There is no such record.
    Missing,
    /// The limit does not allow it; so many are live.
    OverQuota {
        /// Live ones now.
        live: u32,
    },
}

/// A place in the order of changes. Opaque: only the store that made it reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor(pub String);

/// What changed since a cursor.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The newest summary of each changed sandbox, in the order of the changes. With the default cursor: every sandbox
    /// whose phase is not [`Phase::Stopped`](crate::sandbox::Phase::Stopped), those on their way there included.
    pub changed: Vec<Summary>,
    /// From here on next time.
    pub cursor: Cursor,
}

/// Keeps records. Object-safe, cheap to share. What a method acknowledged survives a crash of the process and of the
/// machine; the timeline entries of a write are stored in its transaction.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait StateStore: fmt::Debug + Send + Sync {
    /// Stores a new record, unless its session (per tenant) has an open one. The version of `new` is not read.
    ///
    /// # Errors
    /// [`StoreError`]. An id or a label that another record has is [`StoreError::Invalid`], and so is replacing a record
    /// that stays open, is unknown, or belongs to another session.
    ///
    /// # Cancel safety
    /// Dropping the call does not undo it: the record may or may not be stored.
    async fn insert<'a>(
        &self,
        new: &Record,
        events: &[Event],
        admit: Admit,
        replacing: Option<Replacing<'a>>,
    ) -> Result<Inserted, StoreError>;

    /// Stores `next.state` (and `updated_at`) if the stored version is `next.version`. The parts that are written once
    /// are not touched.
    ///
    /// # Errors
    /// [`StoreError`]. Opening a record again whose session has another open one is [`StoreError::Invalid`].
    ///
    /// # Cancel safety
    /// As [`insert`](Self::insert).
    async fn update(
        &self,
        next: &Record,
        events: &[Event],
        admit: Admit,
    ) -> Result<Updated, StoreError>;

    /// The record of a sandbox.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, id: &SandboxId) -> Result<Option<Record>, StoreError>;

    /// The record that serves a session: its open one, else its newest.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn of_session(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Option<Record>, StoreError>;

    /// The records that serve these sessions, as [`of_session`](Self::of_session) finds them, with one question to the
    /// database; each session is answered once, unknown ones are left out, the order is free.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn of_sessions(
        &self,
        tenant: &TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<Record>, StoreError>;

    /// The timeline of a sandbox, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn events(&self, id: &SandboxId) -> Result<Vec<Event>, StoreError>;

    /// What changed since `since`. A write that was acknowledged before the call began is among the changes.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn changes(&self, since: &Cursor) -> Result<Changes, StoreError>;

    /// Wake-ups after writes of other processes. May be late, may be lost, may be empty for ever.
    fn hints(&self) -> BoxStream<'static, ()>;

    /// Notes activity of sandboxes, outside their version.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn touch(&self, seen: &[(SandboxId, Timestamp)]) -> Result<(), StoreError>;

    /// Forgets stopped sandboxes that were last written before `before`; returns how many, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The id that this store was born with, and when.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn installation(&self) -> Result<(InstallationId, Timestamp), StoreError>;
}
