//! `changes`: what a process that reads has to know, and never more than it asks for.

use runtime_core::sandbox::{Desired, Event, Phase};
use runtime_core::{Admit, Cursor, Inserted, Replacing, StateStore, Version};

use super::acts::{change, create, ids, now, since};
use crate::builders::{at, moved, record};

pub(super) async fn the_default_cursor_gives_all_that_something_is_left_of(store: &dyn StateStore) {
    for (id, desired, phase) in [
        ("running", Desired::Running, Phase::Running),
        ("paused", Desired::Paused, Phase::Paused),
        ("failed", Desired::Running, Phase::Failed),
        ("stopping", Desired::Stopped, Phase::Stopping),
        ("stopped", Desired::Stopped, Phase::Stopped),
    ] {
        let new = record(id, id);
        create(store, &new).await;
        change(store, moved(&new, desired, phase)).await;
    }
    let all = since(store, &Cursor::default()).await;
    assert_eq!(ids(&all), ["running", "paused", "failed", "stopping"]);
    let nothing = since(store, &all.cursor).await;
    assert!(nothing.changed.is_empty(), "{nothing:?}");
}

pub(super) async fn an_empty_store_has_a_cursor_to_go_on_from(store: &dyn StateStore) {
    let nothing = since(store, &Cursor::default()).await;
    assert!(nothing.changed.is_empty(), "{nothing:?}");
    create(store, &record("abc", "s")).await;
    assert_eq!(ids(&since(store, &nothing.cursor).await), ["abc"]);
}

pub(super) async fn changes_come_in_their_order_each_sandbox_once_with_its_newest_state(
    store: &dyn StateStore,
) {
    let start = now(store).await;
    let first = record("first", "s");
    create(store, &first).await;
    create(store, &record("second", "t")).await;
    create(store, &record("third", "u")).await;
    let stopped = change(store, moved(&first, Desired::Stopped, Phase::Stopped)).await;
    let changes = since(store, &start).await;
    assert_eq!(ids(&changes), ["second", "third", "first"]);
    let newest = &changes.changed[2];
    assert_eq!(newest.version, Version(2));
    assert_eq!(format!("{newest:?}"), format!("{:?}", stopped.summary()));
}

pub(super) async fn each_write_is_seen_by_the_next_call(store: &dyn StateStore) {
    let mut cursor = now(store).await;
    let mut seen = async || {
        let changes = since(store, &cursor).await;
        let ids: Vec<_> = ids(&changes).into_iter().map(str::to_owned).collect();
        cursor = changes.cursor;
        ids
    };
    let old = record("old", "s");
    for _ in 0..20 {
        assert!(seen().await.is_empty());
    }
    create(store, &old).await;
    assert_eq!(seen().await, ["old"]);
    let mut current = old;
    for _ in 0..20 {
        current = change(store, moved(&current, Desired::Running, Phase::Running)).await;
        assert_eq!(seen().await, ["old"]);
    }
    let closed = moved(&current, Desired::Stopped, Phase::Stopping);
    let events: &[Event] = &[];
    let replacing = Some(Replacing {
        closed: &closed,
        events,
    });
    let new = record("new", "s");
    let answer = store.insert(&new, &[], Admit::Always, replacing).await;
    assert!(matches!(answer, Ok(Inserted::Created)), "{answer:?}");
    let mut both = seen().await;
    both.sort();
    assert_eq!(both, ["new", "old"]);
}

pub(super) async fn an_old_cursor_is_as_good_as_a_new_one(store: &dyn StateStore) {
    let start = now(store).await;
    create(store, &record("first", "s")).await;
    let middle = since(store, &start).await.cursor;
    create(store, &record("second", "t")).await;
    for _ in 0..2 {
        assert_eq!(ids(&since(store, &start).await), ["first", "second"]);
        assert_eq!(ids(&since(store, &middle).await), ["second"]);
    }
}

pub(super) async fn what_stored_nothing_is_no_change(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let paused = change(store, moved(&new, Desired::Paused, Phase::Paused)).await;
    let cursor = now(store).await;
    let second = record("def", "s");
    let exists = store.insert(&second, &[], Admit::Always, None).await;
    assert!(matches!(exists, Ok(Inserted::Exists(_))), "{exists:?}");
    let over = record("ghi", "t");
    let over = store.insert(&over, &[], Admit::MaxLive(0), None).await;
    assert!(
        matches!(over, Ok(Inserted::OverQuota { live: 0 })),
        "{over:?}"
    );
    let taken = store
        .insert(&record("abc", "t"), &[], Admit::Always, None)
        .await;
    assert!(taken.is_err(), "{taken:?}");
    store.update(&new, &[], Admit::Always).await.unwrap();
    let awake = moved(&paused, Desired::Running, Phase::Starting);
    store.update(&awake, &[], Admit::MaxLive(0)).await.unwrap();
    store.touch(&[(new.id.clone(), at(50))]).await.unwrap();
    let changes = since(store, &cursor).await;
    assert!(changes.changed.is_empty(), "{changes:?}");
}

pub(super) async fn a_summary_says_what_the_record_says(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let changes = since(store, &Cursor::default()).await;
    let summary = &changes.changed[0];
    assert_eq!(format!("{summary:?}"), format!("{:?}", new.summary()));
    assert_eq!(
        summary.session_key.expose(),
        new.sealed.session_key.expose()
    );
}
