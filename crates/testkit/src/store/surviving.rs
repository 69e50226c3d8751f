//! What was acknowledged is there, whatever became of the process.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase, Record};
use runtime_core::{Admit, Cursor, StateStore, TenantId, Updated};

use super::acts::{create, ids, since, stored, timeline};
use crate::builders::{at, event, moved, record, whole};
use crate::place::Place;

/// Creates fifty sandboxes and moves each of them; gives what was acknowledged.
async fn fill(store: &dyn StateStore) -> Vec<Record> {
    let writes = (0..50).map(|number| async move {
        let new = record(&format!("s{number}"), &format!("session {number}"));
        create(store, &new).await;
        let mut next = moved(&new, Desired::Paused, Phase::Pausing);
        let events = [event(EventKind::Wanted, "paused")];
        match store.update(&next, &events, Admit::Always).await {
            Ok(Updated::Yes(version)) => next.version = version,
            other => panic!("{other:?}"),
        }
        next
    });
    join_all(writes).await
}

async fn all_there(store: &dyn StateStore, expected: &[Record]) {
    for record in expected {
        assert_eq!(whole(&stored(store, &record.id).await), whole(record));
        assert_eq!(timeline(store, &record.id).await, ["asked for", "paused"]);
        let served = store
            .of_session(&TenantId::default_tenant(), &record.session)
            .await;
        assert_eq!(whole(&served.unwrap().unwrap()), whole(record));
    }
    let listed = since(store, &Cursor::default()).await;
    assert_eq!(listed.changed.len(), expected.len());
}

pub(super) async fn what_was_acknowledged_survives_a_restart(
    place: &mut dyn Place<dyn StateStore>,
) {
    let expected = fill(&*place.store()).await;
    for _ in 0..2 {
        place.close().await;
        place.open().await;
        all_there(&*place.store(), &expected).await;
    }
}

pub(super) async fn what_was_acknowledged_survives_a_crash(place: &mut dyn Place<dyn StateStore>) {
    let expected = fill(&*place.store()).await;
    place.crash().await;
    all_there(&*place.store(), &expected).await;
    let more = record("more", "more");
    create(&*place.store(), &more).await;
    place.crash().await;
    stored(&*place.store(), &more.id).await;
}

pub(super) async fn what_was_forgotten_stays_forgotten(place: &mut dyn Place<dyn StateStore>) {
    let store = place.store();
    let new = record("abc", "s");
    create(&*store, &new).await;
    super::acts::change(&*store, moved(&new, Desired::Stopped, Phase::Stopped)).await;
    assert_eq!(store.purge(at(1_000), 10).await.unwrap(), 1);
    place.crash().await;
    assert!(place.store().get(&new.id).await.unwrap().is_none());
}

pub(super) async fn new_writes_come_after_a_cursor_of_before_the_restart(
    place: &mut dyn Place<dyn StateStore>,
) {
    create(&*place.store(), &record("before", "s")).await;
    let cursor = super::acts::now(&*place.store()).await;
    place.close().await;
    place.open().await;
    create(&*place.store(), &record("after", "t")).await;
    assert_eq!(ids(&since(&*place.store(), &cursor).await), ["after"]);
}
