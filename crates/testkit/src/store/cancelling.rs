//! Callers that do not wait for the answer.

use std::pin::pin;
use std::time::Duration;

use runtime_core::sandbox::{Desired, EventKind, Phase};
use runtime_core::{Admit, Cursor, StateStore, TenantId, Updated, Version};

use super::acts::{change, create, live, since, stored, timeline};
use crate::builders::{event, moved, record};

/// Polls a call for a while that is different each time, and drops it.
async fn abandoned(call: impl Future, round: u64) {
    if round == 0 {
        // Polled once: whatever happens before the first wait has happened.
        drop(futures::poll!(pin!(call)));
        return;
    }
    let patience = Duration::from_micros(round * 40);
    drop(tokio::time::timeout(patience, call).await);
}

pub(super) async fn a_dropped_insert_is_whole_or_nothing(store: &dyn StateStore) {
    let events = [event(EventKind::Created, "asked for")];
    for round in 0..50 {
        let new = record(&format!("s{round}"), &format!("session {round}"));
        abandoned(store.insert(&new, &events, Admit::Always, None), round).await;
    }
    // Writes keep their order, so whatever became of the dropped ones is settled after this one.
    create(store, &record("last", "last")).await;
    let mut there = 1;
    for round in 0..50 {
        let (id, session) = (
            format!("s{round}").parse().unwrap(),
            format!("session {round}").parse().unwrap(),
        );
        let found = store.get(&id).await.unwrap();
        let served = store
            .of_session(&TenantId::default_tenant(), &session)
            .await;
        assert_eq!(found.is_some(), served.unwrap().is_some(), "{id}");
        let expected: &[&str] = if found.is_some() { &["asked for"] } else { &[] };
        assert_eq!(timeline(store, &id).await, expected, "{id}");
        there += u32::from(found.is_some());
    }
    assert_eq!(live(store).await, there);
    let listed = since(store, &Cursor::default()).await.changed.len();
    assert_eq!(listed, usize::try_from(there).unwrap());
}

pub(super) async fn a_dropped_update_is_whole_or_nothing(store: &dyn StateStore) {
    let mut current = record("abc", "s");
    create(store, &current).await;
    for round in 0..50 {
        let mut next = moved(&current, Desired::Running, Phase::Running);
        next.state.detail = Some(round.to_string());
        let events = [event(EventKind::Moved, &round.to_string())];
        abandoned(store.update(&next, &events, Admit::Always), round).await;
        // Settled by a write after it, which is stale if the dropped one took effect.
        let mut probe = moved(&current, Desired::Running, Phase::Starting);
        probe.state.detail = None;
        current = match store.update(&probe, &[], Admit::Always).await.unwrap() {
            Updated::Yes(version) => {
                probe.version = version;
                probe
            }
            Updated::Stale(newer) => {
                assert_eq!(newer.version, current.version.next());
                assert_eq!(newer.state.detail, next.state.detail);
                *newer
            }
            other => panic!("{other:?}"),
        };
        let last = timeline(store, &current.id).await.pop();
        if current.state.detail.is_some() {
            assert_eq!(last, current.state.detail, "with its entry");
        } else {
            assert_ne!(last, next.state.detail, "without its entry");
        }
    }
}

pub(super) async fn dropped_calls_leave_the_store_usable(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    for round in 0..50 {
        abandoned(store.get(&new.id), round).await;
        abandoned(store.of_session(&new.tenant, &new.session), round).await;
        abandoned(store.changes(&Cursor::default()), round).await;
        abandoned(store.events(&new.id), round).await;
        abandoned(store.touch(&[(new.id.clone(), new.created_at)]), round).await;
        abandoned(store.purge(new.created_at, 1), round).await;
        abandoned(store.installation(), round).await;
    }
    let next = change(store, moved(&new, Desired::Running, Phase::Running)).await;
    assert_eq!(next.version, Version(2));
    assert_eq!(stored(store, &new.id).await.version, Version(2));
    assert_eq!(since(store, &Cursor::default()).await.changed.len(), 1);
}
