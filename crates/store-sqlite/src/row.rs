//! Rows and records. What comes out of the database is checked here; inside, a record is a proof.

use std::error::Error as StdError;
use std::str::FromStr;
use std::sync::Arc;

use runtime_core::sandbox::{Event, Record, Sealed};
use runtime_core::{SandboxId, StoreError, Timestamp, Version};
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::seal::Seal;

/// The form of the stored documents. It is raised when one of them changes so that older servers could not read it; the
/// old forms stay readable.
pub(crate) const FORMAT: i64 = 1;

/// The part of a record that every write stores, as the columns want it.
#[derive(Debug)]
pub(crate) struct StateColumns {
    pub(crate) id: String,
    pub(crate) desired: &'static str,
    pub(crate) phase: &'static str,
    pub(crate) live: bool,
    pub(crate) updated_at: i64,
    pub(crate) state: String,
    pub(crate) events: String,
}

impl StateColumns {
    pub(crate) fn new(record: &Record, events: &[Event]) -> Result<Self, StoreError> {
        Ok(Self {
            id: record.id.as_str().to_owned(),
            desired: record.state.intent.desired.as_str(),
            phase: record.state.phase.as_str(),
            live: record.state.is_live(),
            updated_at: record.updated_at.as_millis(),
            state: document(&record.state)?,
            events: document(&events)?,
        })
    }
}

/// The part of a record that is written once, as the columns want it.
pub(crate) struct OnceColumns {
    pub(crate) label: String,
    pub(crate) tenant: String,
    pub(crate) session: String,
    pub(crate) backend: String,
    pub(crate) created_at: i64,
    pub(crate) spec: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) annotations: String,
}

impl OnceColumns {
    pub(crate) fn new(record: &Record, seal: &Seal) -> Result<Self, StoreError> {
        Ok(Self {
            label: record.label.as_str().to_owned(),
            tenant: record.tenant.as_str().to_owned(),
            session: record.session.as_str().to_owned(),
            backend: record.backend.as_str().to_owned(),
            created_at: record.created_at.as_millis(),
            spec: document(&record.spec)?,
            sealed: sealed(record, seal)?,
            annotations: document(&record.annotations)?,
        })
    }
}

fn sealed(record: &Record, seal: &Seal) -> Result<Vec<u8>, StoreError> {
    let failed = |source: Box<dyn StdError + Send + Sync>| StoreError::Unavailable {
        attempt: "seal the values of a sandbox",
        advice: "nothing was stored".to_owned(),
        source,
    };
    let plain = record
        .sealed
        .to_document()
        .map_err(|source| failed(source.into()))?;
    seal.seal(record.id.as_str(), &plain)
        .map_err(|source| failed(source.into()))
}

/// `value` as the text of a JSON document.
pub(crate) fn document<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Unavailable {
        attempt: "write a record as JSON",
        advice: "nothing was stored".to_owned(),
        source: source.into(),
    })
}

/// The record in a row with the columns of `queries/record.sql`.
pub(crate) fn record(row: &SqliteRow, seal: &Seal) -> Result<Record, StoreError> {
    let id: String = column(row, "id").map_err(nameless)?;
    let id: SandboxId = id.parse().map_err(|error| nameless(Box::new(error)))?;
    decode(row, &id, seal).map_err(|source| StoreError::Unreadable { id, source })
}

/// A row whose id itself cannot be read.
fn nameless(source: Problem) -> StoreError {
    StoreError::Unavailable {
        attempt: "read the id of a stored record",
        advice: "the database was changed by hand or is damaged: restore a backup".to_owned(),
        source,
    }
}

type Problem = Box<dyn StdError + Send + Sync>;

fn decode(row: &SqliteRow, id: &SandboxId, seal: &Seal) -> Result<Record, Problem> {
    for format in ["state_format", "document_format"] {
        let format: i64 = column(row, format)?;
        if format != FORMAT {
            return Err(UnknownFormat { format }.into());
        }
    }
    let sealed: &[u8] = row.try_get("sealed")?;
    Ok(Record {
        id: id.clone(),
        label: name(row, "label")?,
        tenant: name(row, "tenant")?,
        session: name(row, "session")?,
        backend: name(row, "backend")?,
        version: Version(u64::try_from(column::<i64>(row, "version")?)?),
        created_at: Timestamp::from_millis(column(row, "created_at")?),
        updated_at: Timestamp::from_millis(column(row, "updated_at")?),
        state: json(row, "state")?,
        spec: Arc::new(json(row, "spec")?),
        sealed: Arc::new(Sealed::from_document(&seal.open(id.as_str(), sealed)?)?),
        annotations: Arc::new(json(row, "annotations")?),
    })
}

/// Documents that a newer version wrote.
#[derive(Debug, thiserror::Error)]
#[error("its documents have format {format}, and this version reads format {FORMAT}")]
struct UnknownFormat {
    format: i64,
}

fn column<'r, T>(row: &'r SqliteRow, name: &str) -> Result<T, Problem>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    Ok(row.try_get(name)?)
}

fn name<T>(row: &SqliteRow, column: &str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: StdError + Send + Sync + 'static,
{
    let text: &str = row.try_get(column)?;
    Ok(text.parse()?)
}

fn json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, Problem> {
    let text: &str = row.try_get(column)?;
    Ok(serde_json::from_str(text)?)
}
