//! `insert` and `get`.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase};
use runtime_core::{Admit, Inserted, StateStore, StoreError, Version};

use super::acts::{change, create, stored, timeline};
use crate::builders::{event, failed, moved, record, whole};

pub(super) async fn a_record_comes_back_as_it_was_stored(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    create(store, &record("other", "t")).await;
    assert_eq!(whole(&stored(store, &new.id).await), whole(&new));
}

pub(super) async fn an_unknown_sandbox_has_no_record(store: &dyn StateStore) {
    create(store, &record("abc", "s")).await;
    let unknown = store.get(&"ab".parse().unwrap()).await.unwrap();
    assert!(unknown.is_none(), "{unknown:?}");
}

pub(super) async fn a_new_record_has_the_first_version_whatever_it_said(store: &dyn StateStore) {
    let mut new = record("abc", "s");
    new.version = Version(77);
    create(store, &new).await;
    assert_eq!(stored(store, &new.id).await.version, Version::FIRST);
}

pub(super) async fn a_session_with_an_open_record_gets_no_second_one(store: &dyn StateStore) {
    let first = record("first", "s");
    create(store, &first).await;
    let second = record("second", "s");
    let events = [event(EventKind::Created, "never to be seen")];
    match store
        .insert(&second, &events, Admit::Always, None)
        .await
        .unwrap()
    {
        Inserted::Exists(found) => assert_eq!(whole(&found), whole(&first)),
        other => panic!("{other:?}"),
    }
    assert!(store.get(&second.id).await.unwrap().is_none());
    assert!(timeline(store, &second.id).await.is_empty());
    assert_eq!(timeline(store, &first.id).await, ["asked for"]);
}

pub(super) async fn paused_and_failed_records_are_open_and_stopped_ones_are_not(
    store: &dyn StateStore,
) {
    let mut current = record("first", "s");
    create(store, &current).await;
    for next in [
        moved(&current, Desired::Paused, Phase::Pausing),
        moved(&current, Desired::Paused, Phase::Paused),
        failed(&current),
    ] {
        let next = runtime_core::sandbox::Record {
            version: current.version,
            ..next
        };
        current = change(store, next).await;
        let second = store
            .insert(&record("second", "s"), &[], Admit::Always, None)
            .await
            .unwrap();
        assert!(
            matches!(&second, Inserted::Exists(found) if found.id == current.id),
            "{:?} holds its session's place, but: {second:?}",
            current.state.phase
        );
    }
    change(store, moved(&current, Desired::Stopped, Phase::Stopping)).await;
    create(store, &record("second", "s")).await;
}

pub(super) async fn the_same_session_of_another_tenant_is_another_session(store: &dyn StateStore) {
    let ours = record("ours", "s");
    create(store, &ours).await;
    let mut theirs = record("theirs", "s");
    theirs.tenant = "somebody".parse().unwrap();
    create(store, &theirs).await;
    for record in [ours, theirs] {
        let found = store.of_session(&record.tenant, &record.session).await;
        assert_eq!(whole(&found.unwrap().unwrap()), whole(&record));
    }
}

pub(super) async fn of_many_starts_of_a_session_one_wins_and_the_others_get_it(
    store: &dyn StateStore,
) {
    let starts = (0..200).map(|number| async move {
        let new = record(&format!("s{number}"), "the-one");
        let events = [event(EventKind::Created, "asked for")];
        store.insert(&new, &events, Admit::Always, None).await
    });
    let mut created = 0;
    let mut found = Vec::new();
    for answer in join_all(starts).await {
        match answer.unwrap() {
            Inserted::Created => created += 1,
            Inserted::Exists(winner) => found.push(winner.id),
            other @ Inserted::OverQuota { .. } => panic!("{other:?}"),
        }
    }
    assert_eq!((created, found.len()), (1, 199));
    found.dedup();
    assert_eq!(found.len(), 1, "different winners: {found:?}");
    let losers = (0..200).map(|number| format!("s{number}").parse().unwrap());
    for id in losers.filter(|id| *id != found[0]) {
        assert!(store.get(&id).await.unwrap().is_none(), "{id} is stored");
        assert!(timeline(store, &id).await.is_empty(), "{id} has a timeline");
    }
}

pub(super) async fn an_insert_that_comes_twice_finds_itself(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    match store.insert(&new, &[], Admit::Always, None).await.unwrap() {
        Inserted::Exists(found) => assert_eq!(whole(&found), whole(&new)),
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_taken_id_and_a_taken_label_are_invalid(store: &dyn StateStore) {
    create(store, &record("abc", "s")).await;
    let mut same_label = record("def", "t");
    same_label.label = "abc".parse().unwrap();
    for taken in [record("abc", "t"), same_label] {
        let answer = store.insert(&taken, &[], Admit::Always, None).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
        let found = store.of_session(&taken.tenant, &taken.session).await;
        assert!(found.unwrap().is_none(), "it is stored all the same");
    }
}
