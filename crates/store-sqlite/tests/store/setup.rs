//! Short ways to a store and to records.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use runtime_core::sandbox::{
    Actor, Annotations, Desired, DiskSpec, Entrypoint, Event, EventKind, Phase, Record,
    ResourceFactor, Sealed, Spec, State, User,
};
use runtime_core::{Admit, Inserted, StateStore, TenantId, Timestamp, Updated, Version};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use store_sqlite::{SqliteSettings, SqliteStore};
use tempfile::TempDir;

/// A store in a directory of its own.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    store: Arc<SqliteStore>,
    directory: Arc<TempDir>,
}

impl Opened {
    pub(crate) async fn new() -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let settings = SqliteSettings::new(directory.path().join("test.db"));
        let store = Arc::new(SqliteStore::open(settings).await.unwrap());
        Self { store, directory }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }

    /// Closes it and opens it again.
    pub(crate) async fn reopened(self) -> Self {
        self.store.close().await;
        let store = SqliteStore::open(SqliteSettings::new(self.path()))
            .await
            .unwrap();
        Self {
            store: Arc::new(store),
            directory: self.directory,
        }
    }

    /// A connection past the store, to look and to break things.
    pub(crate) async fn raw(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path());
        options.connect().await.unwrap()
    }

    /// One number out of the database.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }
}

impl Deref for Opened {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn event(kind: EventKind, message: &str) -> Event {
    Event {
        at: at(5),
        kind,
        by: Actor::Client,
        message: message.to_owned(),
    }
}

/// A sandbox of the default tenant that was just asked for.
pub(crate) fn record(id: &str, session: &str) -> Record {
    Record {
        id: id.parse().unwrap(),
        label: id.parse().unwrap(),
        tenant: TenantId::default_tenant(),
        session: session.parse().unwrap(),
        backend: "local".parse().unwrap(),
        version: Version::FIRST,
        created_at: at(1),
        updated_at: at(1),
        state: State::new(Actor::Client, BTreeMap::new(), at(1)),
        spec: Arc::new(Spec {
            image: "tiny".parse().unwrap(),
            entrypoint: Entrypoint::Exec(vec!["tiny".to_owned()]),
            working_dir: Some("/workspace".to_owned()),
            environment: vec!["TOKEN".to_owned()],
            resources: ResourceFactor::ONE,
            runtime_class: None,
            user: User::default(),
            pull_policy: None,
            disk: DiskSpec::Empty,
        }),
        sealed: Arc::new(Sealed {
            environment: BTreeMap::from([("TOKEN".to_owned(), "hidden-value".to_owned().into())]),
            session_key: "hidden-session-key".to_owned().into(),
            secret_key: "hidden-secret-key".to_owned().into(),
        }),
        annotations: Arc::new(Annotations::from_iter([(
            "command".to_owned(),
            serde_json::json!("tiny --port 60000"),
        )])),
    }
}

/// The record with another intent and phase.
pub(crate) fn moved(record: &Record, desired: Desired, phase: Phase) -> Record {
    let mut next = record.clone();
    next.state.intent.desired = desired;
    next.state.phase = phase;
    next.updated_at = at(record.updated_at.as_millis() + 1);
    next
}

/// Stores `record` and expects that it is new.
pub(crate) async fn create(store: &dyn StateStore, record: &Record) {
    let events = [event(EventKind::Created, "asked for")];
    let inserted = store
        .insert(record, &events, Admit::Always, None)
        .await
        .unwrap();
    assert!(matches!(inserted, Inserted::Created), "{inserted:?}");
}

/// Stores `next`, expects success, and gives the record as it is stored now.
pub(crate) async fn change(store: &dyn StateStore, mut next: Record) -> Record {
    match store.update(&next, &[], Admit::Always).await.unwrap() {
        Updated::Yes(version) => next.version = version,
        other => panic!("{other:?}"),
    }
    next
}

/// What may be compared of a record: all of it but the secrets, which are compared apart.
pub(crate) fn shown(record: &Record) -> String {
    format!("{record:?}")
}
