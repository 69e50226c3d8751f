//! `Admit::MaxLive`, checked in the transaction of the write.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase, Record};
use runtime_core::{Admit, Inserted, StateStore, Updated};

use super::acts::{change, create, live, stored, timeline};
use crate::builders::{at, event, failed, moved, record};
use crate::place::Place;

pub(super) async fn as_many_as_allowed_are_live_and_no_more(store: &dyn StateStore) {
    let starts = (0..200).map(|number| async move {
        let new = record(&format!("s{number}"), &format!("session {number}"));
        let events = [event(EventKind::Created, "asked for")];
        let answer = store.insert(&new, &events, Admit::MaxLive(50), None).await;
        (new.id, answer.unwrap())
    });
    let mut created = 0;
    for (id, answer) in join_all(starts).await {
        match answer {
            Inserted::Created => created += 1,
            Inserted::OverQuota { live: 50 } => {
                assert!(store.get(&id).await.unwrap().is_none(), "{id} is stored");
                assert!(timeline(store, &id).await.is_empty(), "{id} has a timeline");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(created, 50);
    assert_eq!(live(store).await, 50);
}

pub(super) async fn without_a_limit_everybody_is_admitted(store: &dyn StateStore) {
    for number in 0..20 {
        create(
            store,
            &record(&format!("s{number}"), &format!("session {number}")),
        )
        .await;
    }
    assert_eq!(live(store).await, 20);
}

pub(super) async fn the_limit_is_that_of_the_installation(store: &dyn StateStore) {
    let mut ours = record("ours", "s");
    ours.tenant = "one".parse().unwrap();
    create(store, &ours).await;
    let mut theirs = record("theirs", "s");
    theirs.tenant = "two".parse().unwrap();
    let answer = store.insert(&theirs, &[], Admit::MaxLive(1), None).await;
    assert!(
        matches!(answer, Ok(Inserted::OverQuota { live: 1 })),
        "{answer:?}"
    );
}

pub(super) async fn a_session_that_has_a_record_gets_it_even_at_the_limit(store: &dyn StateStore) {
    create(store, &record("abc", "s")).await;
    let again = record("def", "s");
    let answer = store.insert(&again, &[], Admit::MaxLive(1), None).await;
    assert!(matches!(answer, Ok(Inserted::Exists(_))), "{answer:?}");
}

pub(super) async fn paused_stopped_and_failed_records_do_not_count(store: &dyn StateStore) {
    type Move = fn(&Record) -> Record;
    let moves: [Move; 3] = [
        |record| moved(record, Desired::Paused, Phase::Pausing),
        |record| moved(record, Desired::Stopped, Phase::Stopping),
        failed,
    ];
    for (number, next) in moves.iter().enumerate() {
        let new = record(&format!("s{number}"), &format!("session {number}"));
        let answer = store.insert(&new, &[], Admit::MaxLive(1), None).await;
        assert!(matches!(answer, Ok(Inserted::Created)), "{answer:?}");
        assert_eq!(live(store).await, 1);
        change(store, next(&new)).await;
        assert_eq!(live(store).await, 0);
    }
}

pub(super) async fn a_record_that_becomes_live_again_needs_a_place(store: &dyn StateStore) {
    let sleeper = record("sleeper", "s");
    create(store, &sleeper).await;
    let paused = change(store, moved(&sleeper, Desired::Paused, Phase::Paused)).await;
    create(store, &record("other", "t")).await;
    let awake = moved(&paused, Desired::Running, Phase::Starting);
    let events = [event(EventKind::Wanted, "resumed")];
    let answer = store.update(&awake, &events, Admit::MaxLive(1)).await;
    assert!(
        matches!(answer, Ok(Updated::OverQuota { live: 1 })),
        "{answer:?}"
    );
    assert_eq!(stored(store, &sleeper.id).await.version, paused.version);
    assert_eq!(timeline(store, &sleeper.id).await, ["asked for"]);
    let answer = store.update(&awake, &events, Admit::MaxLive(2)).await;
    assert!(matches!(answer, Ok(Updated::Yes(_))), "{answer:?}");
    assert_eq!(timeline(store, &sleeper.id).await, ["asked for", "resumed"]);
}

pub(super) async fn a_live_record_moves_on_at_and_over_the_limit(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    for limit in [1, 0] {
        let current = stored(store, &new.id).await;
        let next = moved(&current, Desired::Running, Phase::Running);
        let answer = store.update(&next, &[], Admit::MaxLive(limit)).await;
        assert!(matches!(answer, Ok(Updated::Yes(_))), "{answer:?}");
    }
}

pub(super) async fn a_stale_update_at_the_limit_is_stale(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    change(store, moved(&new, Desired::Paused, Phase::Paused)).await;
    let answer = store.update(&new, &[], Admit::MaxLive(0)).await;
    assert!(matches!(answer, Ok(Updated::Stale(_))), "{answer:?}");
}

pub(super) async fn what_counts_is_what_is_stored(place: &mut dyn Place<dyn StateStore>) {
    let store = place.store();
    for number in 0..10 {
        let new = record(&format!("s{number}"), &format!("session {number}"));
        create(&*store, &new).await;
        if number % 2 == 0 {
            change(&*store, moved(&new, Desired::Stopped, Phase::Stopped)).await;
        }
    }
    assert_eq!(store.purge(at(1_000), 100).await.unwrap(), 5);
    assert_eq!(live(&*store).await, 5);
    place.close().await;
    place.open().await;
    assert_eq!(live(&*place.store()).await, 5);
}
