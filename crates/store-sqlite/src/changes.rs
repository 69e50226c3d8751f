//! What changed since a cursor.
//!
//! The one writer gives every write a mark larger than any before, and commits them in this order: a reader that sees a
//! mark sees all smaller ones too. So a cursor is simply the largest mark that was seen, and who has the newest one
//! needs no query, because nobody else writes this file.

use futures::TryStreamExt as _;
use runtime_core::{Changes, Cursor, StoreError};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use crate::error::unavailable;
use crate::row;
use crate::sandboxes::records;
use crate::seal::Seal;

const STANDING: &str = records!("standing.sql");
const CHANGED: &str = records!("changed.sql");
const ATTEMPT: &str = "read what changed";

/// The newest mark that was ever given to a stored record.
pub(crate) async fn last_mark(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(include_str!("../queries/last_mark.sql"))
        .fetch_one(connection)
        .await
}

/// The changes after `since`. `committed` is the newest mark that was committed before the call began.
pub(crate) async fn since(
    readers: &SqlitePool,
    seal: &Seal,
    since: &Cursor,
    committed: i64,
) -> Result<Changes, StoreError> {
    let known = parse(since)?;
    let query = match known {
        Some(mark) if mark >= committed => {
            return Ok(Changes {
                changed: Vec::new(),
                cursor: since.clone(),
            });
        }
        Some(mark) => sqlx::query(CHANGED).bind(mark),
        None => sqlx::query(STANDING),
    };
    let mut changed = Vec::new();
    // The rows are of one moment, at or after the commit of `committed`.
    let mut newest = committed;
    let mut rows = query.fetch(readers);
    while let Some(row) = rows
        .try_next()
        .await
        .map_err(|error| unavailable(ATTEMPT, error))?
    {
        let mark: i64 = row
            .try_get("mark")
            .map_err(|error| unavailable(ATTEMPT, error))?;
        newest = newest.max(mark);
        changed.push(row::record(&row, seal)?.summary());
    }
    Ok(Changes {
        changed,
        cursor: Cursor(newest.to_string()),
    })
}

/// The mark of a cursor; none for the default one.
fn parse(cursor: &Cursor) -> Result<Option<i64>, StoreError> {
    if cursor.0.is_empty() {
        return Ok(None);
    }
    match cursor.0.parse() {
        Ok(mark) => Ok(Some(mark)),
        Err(_not_a_number) => Err(StoreError::Invalid("the cursor is not one of this store")),
    }
}
