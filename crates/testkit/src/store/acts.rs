//! What most checks of stores do.

use runtime_core::sandbox::{EventKind, Record};
use runtime_core::{Admit, Changes, Cursor, Inserted, SandboxId, StateStore, Updated};

use crate::builders::event;

/// Stores `record`, with one timeline entry, and expects that it is new.
pub(super) async fn create(store: &dyn StateStore, record: &Record) {
    let events = [event(EventKind::Created, "asked for")];
    let inserted = store.insert(record, &events, Admit::Always, None).await;
    assert!(matches!(inserted, Ok(Inserted::Created)), "{inserted:?}");
}

/// Stores `next`, expects success, and gives the record as it is stored now.
pub(super) async fn change(store: &dyn StateStore, mut next: Record) -> Record {
    match store.update(&next, &[], Admit::Always).await.unwrap() {
        Updated::Yes(version) => next.version = version,
        other => panic!("{other:?}"),
    }
    next
}

/// The record of a sandbox that is known.
pub(super) async fn stored(store: &dyn StateStore, id: &SandboxId) -> Record {
    let found = store.get(id).await.unwrap();
    found.unwrap_or_else(|| panic!("{id} is not stored"))
}

/// What the timeline of a sandbox says.
pub(super) async fn timeline(store: &dyn StateStore, id: &SandboxId) -> Vec<String> {
    let events = store.events(id).await.unwrap();
    events.into_iter().map(|event| event.message).collect()
}

/// What has changed since `cursor`.
pub(super) async fn since(store: &dyn StateStore, cursor: &Cursor) -> Changes {
    store.changes(cursor).await.unwrap()
}

/// The cursor at which nothing is new.
pub(super) async fn now(store: &dyn StateStore) -> Cursor {
    since(store, &Cursor::default()).await.cursor
}

/// Ids of what changed, in their order.
pub(super) fn ids(changes: &Changes) -> Vec<&str> {
    let changed = changes.changed.iter();
    changed.map(|summary| summary.id.as_str()).collect()
}

/// How many sandboxes are live by the count that limits are held to.
pub(super) async fn live(store: &dyn StateStore) -> u32 {
    let more = crate::builders::record("one-more", "one more, which no limit allows");
    let refused = store.insert(&more, &[], Admit::MaxLive(0), None).await;
    match refused.unwrap() {
        Inserted::OverQuota { live } => live,
        other => panic!("{other:?}"),
    }
}
