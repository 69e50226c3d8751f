//! A new state for a record, if it was made from the stored version.

use runtime_core::sandbox::{Event, Record};
use runtime_core::{Admit, StoreError, Version};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite, query::Query};

use super::{first, limit, live, stored, whole};
use crate::error::is_unique_violation;
use crate::row::{FORMAT, StateColumns};
use crate::writer::{Operation, Transaction, failed};

const UPDATE: &str = whole!("update.sql");
const UPDATE_FIRST: &str = first!("update.sql");

/// What became of an update; records are read by the caller, not by the writer.
#[derive(Debug)]
pub(crate) enum UpdateResult {
    Yes(Version),
    Stale(Box<SqliteRow>),
    Missing,
    OverQuota { live: u32 },
}

/// A new state and the version that it was made from.
#[derive(Debug)]
pub(super) struct Edit {
    state: StateColumns,
    made_from: i64,
    limit: Option<i64>,
}

impl Edit {
    pub(super) fn new(next: &Record, events: &[Event], admit: Admit) -> Result<Self, StoreError> {
        Ok(Self {
            state: StateColumns::new(next, events)?,
            // No stored version is as large as one that does not fit.
            made_from: i64::try_from(next.version.0).unwrap_or(i64::MAX),
            limit: limit(admit),
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.state.id
    }

    /// Begins an operation with this edit and leaves its savepoint open; says whether it took effect.
    pub(super) async fn open(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, sqlx::Error> {
        let mark = transaction.next_mark();
        let rows = transaction.rows(self.query(UPDATE_FIRST, mark)).await?;
        Ok(!rows.is_empty())
    }

    fn query(&self, sql: &'static str, mark: i64) -> Query<'static, Sqlite, SqliteArguments> {
        let state = &self.state;
        sqlx::query(sql)
            .bind(state.id.clone())
            .bind(mark)
            .bind(state.events.clone())
            .bind(state.desired)
            .bind(state.phase)
            .bind(state.live)
            .bind(state.updated_at)
            .bind(FORMAT)
            .bind(state.state.clone())
            .bind(self.limit)
            .bind(self.made_from)
    }
}

/// Stores a new state: one trip when it takes effect.
#[derive(Debug)]
pub(crate) struct Update(Edit);

impl Update {
    pub(crate) fn new(next: &Record, events: &[Event], admit: Admit) -> Result<Self, StoreError> {
        Edit::new(next, events, admit).map(Self)
    }

    /// Why nothing was stored.
    async fn refused(self, transaction: &mut Transaction<'_>) -> Result<UpdateResult, sqlx::Error> {
        let Some(row) = stored(transaction, self.0.state.id).await? else {
            return Ok(UpdateResult::Missing);
        };
        if row.try_get::<i64, _>("version")? != self.0.made_from {
            return Ok(UpdateResult::Stale(Box::new(row)));
        }
        Ok(UpdateResult::OverQuota {
            live: live(transaction).await?,
        })
    }
}

impl Operation for Update {
    type Answer = UpdateResult;
    const ATTEMPT: &'static str = "store a sandbox";

    async fn run(self, transaction: &mut Transaction<'_>) -> Result<UpdateResult, StoreError> {
        let mark = transaction.next_mark();
        match transaction.rows(self.0.query(UPDATE, mark)).await {
            Ok(rows) => match rows.first() {
                Some(row) => {
                    let version: i64 = row.try_get(0).map_err(failed::<Self>)?;
                    Ok(UpdateResult::Yes(Version(version.unsigned_abs())))
                }
                None => self.refused(transaction).await.map_err(failed::<Self>),
            },
            Err(error) if is_unique_violation(&error) => Err(StoreError::Invalid(
                "the session has another open sandbox, so a stopped one cannot be opened again",
            )),
            Err(error) => Err(failed::<Self>(error)),
        }
    }
}
