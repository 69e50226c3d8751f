//! The table of sandboxes: the operations that write it, each run by the writer, and the look-ups.

mod insert;
mod update;
mod upkeep;

use runtime_core::sandbox::Record;
use runtime_core::{Admit, SandboxId, SessionId, StoreError, TenantId};
use sqlx::sqlite::{SqlitePool, SqliteRow};

pub(crate) use insert::{Close, Insert, Insertion};
pub(crate) use update::{Update, UpdateResult};
pub(crate) use upkeep::{Purge, Touch};

use crate::error::unavailable;
use crate::row;
use crate::seal::Seal;
use crate::writer::Transaction;

/// A whole operation in one trip to the database: savepoint, statements, release.
macro_rules! whole {
    ($file:literal) => {
        concat!(
            "SAVEPOINT operation;\n",
            include_str!(concat!("../../queries/", $file)),
            "RELEASE operation;"
        )
    };
}
/// The beginning of an operation that takes several trips.
macro_rules! first {
    ($file:literal) => {
        concat!(
            "SAVEPOINT operation;\n",
            include_str!(concat!("../../queries/", $file))
        )
    };
}
/// A query for records.
macro_rules! records {
    ($file:literal) => {
        concat!(
            include_str!("../queries/record.sql"),
            include_str!(concat!("../queries/", $file))
        )
    };
}
pub(crate) use {first, records, whole};

const GET: &str = records!("get.sql");
const OF_SESSION: &str = records!("of_session.sql");
const OF_SESSIONS: &str = records!("of_sessions.sql");
const OPEN_OF_SESSION: &str = records!("open_of_session.sql");
const USAGE: &str = include_str!("../queries/usage.sql");

/// The record of a sandbox.
pub(crate) async fn get(
    readers: &SqlitePool,
    seal: &Seal,
    id: &SandboxId,
) -> Result<Option<Record>, StoreError> {
    let row = sqlx::query(GET)
        .bind(id.as_str().to_owned())
        .fetch_optional(readers)
        .await
        .map_err(|error| unavailable("read a sandbox", error))?;
    row.map(|row| row::record(&row, seal)).transpose()
}

/// The record that serves a session.
pub(crate) async fn of_session(
    readers: &SqlitePool,
    seal: &Seal,
    tenant: &TenantId,
    session: &SessionId,
) -> Result<Option<Record>, StoreError> {
    let row = sqlx::query(OF_SESSION)
        .bind(tenant.as_str().to_owned())
        .bind(session.as_str().to_owned())
        .fetch_optional(readers)
        .await
        .map_err(|error| unavailable("read the sandbox of a session", error))?;
    row.map(|row| row::record(&row, seal)).transpose()
}

/// The records that serve these sessions.
pub(crate) async fn of_sessions(
    readers: &SqlitePool,
    seal: &Seal,
    tenant: &TenantId,
    sessions: &[SessionId],
) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query(OF_SESSIONS)
        .bind(tenant.as_str().to_owned())
        .bind(row::document(sessions)?)
        .fetch_all(readers)
        .await
        .map_err(|error| unavailable("read the sandboxes of sessions", error))?;
    rows.iter().map(|row| row::record(row, seal)).collect()
}

/// The row of a sandbox, as the transaction sees it.
async fn stored(
    transaction: &mut Transaction<'_>,
    id: String,
) -> Result<Option<SqliteRow>, sqlx::Error> {
    Ok(transaction.rows(sqlx::query(GET).bind(id)).await?.pop())
}

/// The row of a session's open sandbox, as the transaction sees it.
async fn open_of_session(
    transaction: &mut Transaction<'_>,
    tenant: String,
    session: String,
) -> Result<Option<SqliteRow>, sqlx::Error> {
    let query = sqlx::query(OPEN_OF_SESSION).bind(tenant).bind(session);
    Ok(transaction.rows(query).await?.pop())
}

/// How many sandboxes are live, as the transaction sees it.
async fn live(transaction: &mut Transaction<'_>) -> Result<u32, sqlx::Error> {
    use sqlx::Row as _;
    let rows = transaction.rows(sqlx::query(USAGE)).await?;
    let live: i64 = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    Ok(u32::try_from(live).unwrap_or(0))
}

/// The limit as a parameter: none is NULL.
fn limit(admit: Admit) -> Option<i64> {
    match admit {
        Admit::Always => None,
        Admit::MaxLive(limit) => Some(i64::from(limit)),
    }
}
