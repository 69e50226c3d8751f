//! `update`.

use std::sync::Arc;

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase};
use runtime_core::{Admit, StateStore, StoreError, Updated, Version};

use super::acts::{change, create, stored, timeline};
use crate::builders::{at, event, moved, record, spec, whole};

pub(super) async fn an_update_stores_the_state_and_the_time_and_raises_the_version(
    store: &dyn StateStore,
) {
    let new = record("abc", "s");
    create(store, &new).await;
    create(store, &record("other", "t")).await;
    let mut next = moved(&new, Desired::Running, Phase::Running);
    next.state.detail = Some("all is well".to_owned());
    next.updated_at = at(9);
    let answer = store.update(&next, &[], Admit::Always).await.unwrap();
    assert!(matches!(answer, Updated::Yes(Version(2))), "{answer:?}");
    next.version = Version(2);
    assert_eq!(whole(&stored(store, &new.id).await), whole(&next));
    let other = stored(store, &"other".parse().unwrap()).await;
    assert_eq!(whole(&other), whole(&record("other", "t")));
}

pub(super) async fn an_update_does_not_touch_what_is_written_once(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let mut next = record("abc", "another-session");
    next.label = "another-label".parse().unwrap();
    next.tenant = "somebody".parse().unwrap();
    next.backend = "elsewhere".parse().unwrap();
    next.created_at = at(99);
    next.spec = Arc::new(spec("another"));
    next.annotations = Arc::default();
    next.state.detail = Some("changed".to_owned());
    change(store, next).await;
    let mut expected = new.clone();
    expected.version = Version(2);
    expected.state.detail = Some("changed".to_owned());
    assert_eq!(whole(&stored(store, &new.id).await), whole(&expected));
}

pub(super) async fn a_stale_version_changes_nothing(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let current = change(store, moved(&new, Desired::Running, Phase::Running)).await;
    let events = [event(EventKind::Moved, "never to be seen")];
    let mut future = moved(&new, Desired::Stopped, Phase::Stopping);
    future.version = Version(3);
    for wrong in [moved(&new, Desired::Stopped, Phase::Stopping), future] {
        match store.update(&wrong, &events, Admit::Always).await.unwrap() {
            Updated::Stale(newer) => assert_eq!(whole(&newer), whole(&current)),
            other => panic!("{other:?}"),
        }
        assert_eq!(whole(&stored(store, &new.id).await), whole(&current));
        assert_eq!(timeline(store, &new.id).await, ["asked for"]);
    }
}

pub(super) async fn an_update_of_nothing_says_so(store: &dyn StateStore) {
    let unknown = record("abc", "s");
    let events = [event(EventKind::Moved, "never to be seen")];
    let answer = store.update(&unknown, &events, Admit::Always).await;
    assert!(matches!(answer, Ok(Updated::Missing)), "{answer:?}");
    assert!(store.get(&unknown.id).await.unwrap().is_none());
    assert!(timeline(store, &unknown.id).await.is_empty());
}

pub(super) async fn of_many_updates_of_one_version_one_succeeds(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let updates = (0..50).map(|number| {
        let mut next = moved(&new, Desired::Running, Phase::Running);
        next.state.detail = Some(number.to_string());
        async move {
            let events = [event(EventKind::Moved, &number.to_string())];
            let answer = store.update(&next, &events, Admit::Always).await;
            (number.to_string(), answer.unwrap())
        }
    });
    let answers = join_all(updates).await;
    let stale = answers
        .iter()
        .filter(|(_, answer)| matches!(answer, Updated::Stale(_)));
    assert_eq!(stale.count(), 49, "{answers:?}");
    let winners: Vec<_> = answers
        .iter()
        .filter(|(_, answer)| matches!(answer, Updated::Yes(Version(2))))
        .collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    let winner = &winners[0].0;
    assert_eq!(
        stored(store, &new.id).await.state.detail.as_ref(),
        Some(winner)
    );
    assert_eq!(
        timeline(store, &new.id).await,
        ["asked for", winner.as_str()]
    );
}

pub(super) async fn a_stopped_record_cannot_take_its_session_back_from_another(
    store: &dyn StateStore,
) {
    let old = record("old", "s");
    create(store, &old).await;
    let stopped = change(store, moved(&old, Desired::Stopped, Phase::Stopped)).await;
    create(store, &record("new", "s")).await;
    let again = moved(&stopped, Desired::Running, Phase::Starting);
    let answer = store.update(&again, &[], Admit::Always).await;
    assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    assert_eq!(whole(&stored(store, &old.id).await), whole(&stopped));
}
