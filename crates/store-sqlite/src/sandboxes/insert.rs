//! A new record: at most one open per session, within the limit, perhaps in the place of another.

use runtime_core::sandbox::{Event, Record};
use runtime_core::{Admit, Replacing, StoreError};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, query::Query};

use super::update::Edit;
use super::{limit, live, open_of_session, stored, whole};
use crate::error::is_unique_violation;
use crate::row::{FORMAT, OnceColumns, StateColumns};
use crate::seal::Seal;
use crate::writer::{Operation, Transaction, failed};

const INSERT: &str = whole!("insert.sql");
/// Within a savepoint that is open already.
const INSERT_INNER: &str = include_str!("../../queries/insert.sql");

/// What became of an insert; records are read by the caller, not by the writer.
#[derive(Debug)]
pub(crate) enum Insertion {
    Created,
    Exists(Box<SqliteRow>),
    OverQuota { live: u32 },
}

/// The record that gives its place away.
#[derive(Debug)]
pub(crate) struct Close(Edit);

impl Close {
    /// Refuses what would not make a place for `new`.
    pub(crate) fn new(new: &Record, replacing: Replacing<'_>) -> Result<Self, StoreError> {
        let closed = replacing.closed;
        if closed.state.is_open() {
            return Err(StoreError::Invalid(
                "the record to be replaced is still open",
            ));
        }
        if (&closed.tenant, &closed.session) != (&new.tenant, &new.session) {
            return Err(StoreError::Invalid(
                "the record to be replaced belongs to another session",
            ));
        }
        Ok(Self(Edit::new(closed, replacing.events, Admit::Always)?))
    }
}

/// Stores a new record.
pub(crate) struct Insert {
    state: StateColumns,
    once: OnceColumns,
    limit: Option<i64>,
    close: Option<Close>,
}

impl Insert {
    pub(crate) fn new(
        new: &Record,
        events: &[Event],
        admit: Admit,
        close: Option<Close>,
        seal: &Seal,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            state: StateColumns::new(new, events)?,
            once: OnceColumns::new(new, seal)?,
            limit: limit(admit),
            close,
        })
    }

    fn query(&self, sql: &'static str, mark: i64) -> Query<'static, Sqlite, SqliteArguments> {
        let Self {
            state, once, limit, ..
        } = self;
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
            .bind(*limit)
            .bind(once.label.clone())
            .bind(once.tenant.clone())
            .bind(once.session.clone())
            .bind(once.backend.clone())
            .bind(once.created_at)
            .bind(FORMAT)
            .bind(once.spec.clone())
            .bind(once.sealed.clone())
            .bind(once.annotations.clone())
    }

    /// Without a record to replace: one trip when it is stored.
    async fn plain(self, transaction: &mut Transaction<'_>) -> Result<Insertion, StoreError> {
        let mark = transaction.next_mark();
        match transaction.rows(self.query(INSERT, mark)).await {
            Ok(rows) if !rows.is_empty() => Ok(Insertion::Created),
            Ok(_) => self.refused(transaction).await.map_err(failed::<Self>),
            Err(error) if is_unique_violation(&error) => self.taken(transaction, true).await,
            Err(error) => Err(failed::<Self>(error)),
        }
    }

    /// Closes a record first, and stores both or neither.
    async fn replace(
        self,
        close: Edit,
        transaction: &mut Transaction<'_>,
    ) -> Result<Insertion, StoreError> {
        let closed = close.open(transaction).await.map_err(failed::<Self>)?;
        if !closed {
            let row = stored(transaction, close.id().to_owned())
                .await
                .map_err(failed::<Self>)?
                .ok_or(StoreError::Invalid(
                    "the record to be replaced does not exist",
                ))?;
            transaction.release().await.map_err(failed::<Self>)?;
            return Ok(Insertion::Exists(Box::new(row)));
        }
        let mark = transaction.next_mark();
        match transaction.rows(self.query(INSERT_INNER, mark)).await {
            Ok(rows) if !rows.is_empty() => {
                transaction.release().await.map_err(failed::<Self>)?;
                Ok(Insertion::Created)
            }
            Ok(_) => {
                let refused = self.refused(transaction).await.map_err(failed::<Self>)?;
                transaction.rewind().await.map_err(failed::<Self>)?;
                transaction.release().await.map_err(failed::<Self>)?;
                Ok(refused)
            }
            Err(error) if is_unique_violation(&error) => self.taken(transaction, false).await,
            Err(error) => Err(failed::<Self>(error)),
        }
    }

    /// Why nothing was stored: the session has an open record, else the limit.
    async fn refused(&self, transaction: &mut Transaction<'_>) -> Result<Insertion, sqlx::Error> {
        let once = &self.once;
        let open = open_of_session(transaction, once.tenant.clone(), once.session.clone()).await?;
        Ok(match open {
            Some(row) => Insertion::Exists(Box::new(row)),
            None => Insertion::OverQuota {
                live: live(transaction).await?,
            },
        })
    }

    /// The id or the label is taken: by the session's own open record if the same insert came twice, which is an answer.
    async fn taken(
        &self,
        transaction: &mut Transaction<'_>,
        look: bool,
    ) -> Result<Insertion, StoreError> {
        transaction.rewind().await.map_err(failed::<Self>)?;
        let once = &self.once;
        let open = open_of_session(transaction, once.tenant.clone(), once.session.clone())
            .await
            .map_err(failed::<Self>)?;
        match open {
            Some(row) if look => {
                transaction.release().await.map_err(failed::<Self>)?;
                Ok(Insertion::Exists(Box::new(row)))
            }
            _ => Err(StoreError::Invalid(
                "another sandbox has this id or this label",
            )),
        }
    }
}

impl Operation for Insert {
    type Answer = Insertion;
    const ATTEMPT: &'static str = "store a new sandbox";

    async fn run(mut self, transaction: &mut Transaction<'_>) -> Result<Insertion, StoreError> {
        match self.close.take() {
            Some(Close(edit)) => self.replace(edit, transaction).await,
            None => self.plain(transaction).await,
        }
    }
}
