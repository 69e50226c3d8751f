//! `insert` in the place of a record that closes in the same transaction.

use runtime_core::sandbox::{Desired, Event, EventKind, Phase, Record};
use runtime_core::{Admit, Inserted, Replacing, StateStore, StoreError, Version};

use super::acts::{change, create, live, stored, timeline};
use crate::builders::{event, moved, record, whole};

fn closed(record: &Record) -> Record {
    moved(record, Desired::Stopped, Phase::Stopping)
}

/// Stores `new` in the place of `old`.
async fn replace(
    store: &dyn StateStore,
    old: &Record,
    new: &Record,
    admit: Admit,
) -> Result<Inserted, StoreError> {
    let events: [Event; 1] = [event(EventKind::Wanted, "replaced")];
    let replacing = Replacing {
        closed: old,
        events: &events,
    };
    let events = [event(EventKind::Created, "in its place")];
    store.insert(new, &events, admit, Some(replacing)).await
}

/// Neither was anything of `new` stored, nor did `old` change.
async fn untouched(store: &dyn StateStore, old: &Record, new: &Record) {
    assert_eq!(whole(&stored(store, &old.id).await), whole(old));
    assert_eq!(timeline(store, &old.id).await, ["asked for"]);
    if new.id != old.id {
        let found = store.get(&new.id).await.unwrap();
        assert!(found.is_none_or(|found| found.session != new.session));
    }
}

pub(super) async fn the_old_record_and_the_new_one_are_stored_together(store: &dyn StateStore) {
    let (old, new) = (record("old", "s"), record("new", "s"));
    create(store, &old).await;
    let answer = replace(store, &closed(&old), &new, Admit::Always)
        .await
        .unwrap();
    assert!(matches!(answer, Inserted::Created), "{answer:?}");
    let mut expected = closed(&old);
    expected.version = Version(2);
    assert_eq!(whole(&stored(store, &old.id).await), whole(&expected));
    assert_eq!(timeline(store, &old.id).await, ["asked for", "replaced"]);
    assert_eq!(whole(&stored(store, &new.id).await), whole(&new));
    assert_eq!(timeline(store, &new.id).await, ["in its place"]);
}

pub(super) async fn an_old_record_that_has_changed_is_the_answer(store: &dyn StateStore) {
    let (old, new) = (record("old", "s"), record("new", "s"));
    create(store, &old).await;
    let changed = change(store, moved(&old, Desired::Running, Phase::Running)).await;
    match replace(store, &closed(&old), &new, Admit::Always)
        .await
        .unwrap()
    {
        Inserted::Exists(found) => assert_eq!(whole(&found), whole(&changed)),
        other => panic!("{other:?}"),
    }
    untouched(store, &changed, &new).await;
}

pub(super) async fn over_the_limit_the_old_record_stays_as_it_was(store: &dyn StateStore) {
    let old = record("old", "s");
    create(store, &old).await;
    let paused = change(store, moved(&old, Desired::Paused, Phase::Paused)).await;
    create(store, &record("other", "t")).await;
    let new = record("new", "s");
    let answer = replace(store, &closed(&paused), &new, Admit::MaxLive(1))
        .await
        .unwrap();
    assert!(
        matches!(answer, Inserted::OverQuota { live: 1 }),
        "{answer:?}"
    );
    untouched(store, &paused, &new).await;
}

pub(super) async fn a_live_record_leaves_its_place_under_the_limit(store: &dyn StateStore) {
    let (old, new) = (record("old", "s"), record("new", "s"));
    create(store, &old).await;
    let answer = replace(store, &closed(&old), &new, Admit::MaxLive(1))
        .await
        .unwrap();
    assert!(matches!(answer, Inserted::Created), "{answer:?}");
    assert_eq!(live(store).await, 1);
}

pub(super) async fn a_taken_id_leaves_the_old_record_as_it_was(store: &dyn StateStore) {
    let old = record("old", "s");
    create(store, &old).await;
    create(store, &record("other", "t")).await;
    let taken = record("other", "s");
    let answer = replace(store, &closed(&old), &taken, Admit::Always).await;
    assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    untouched(store, &old, &taken).await;
}

pub(super) async fn what_makes_no_place_for_the_new_record_is_invalid(store: &dyn StateStore) {
    let (old, new) = (record("old", "s"), record("new", "s"));
    create(store, &old).await;
    let of_another_session = closed(&record("old", "t"));
    let unknown = closed(&record("unknown", "s"));
    let open = &old;
    for bad in [open, &of_another_session, &unknown] {
        let answer = replace(store, bad, &new, Admit::Always).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
        untouched(store, &old, &new).await;
    }
}
