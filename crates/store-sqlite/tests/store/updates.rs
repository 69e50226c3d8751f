//! `update` and the timeline.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase};
use runtime_core::{Admit, StateStore as _, StoreError, Updated, Version};

use crate::setup::{Opened, at, change, create, event, moved, record, shown};

#[tokio::test]
async fn an_update_stores_the_state_and_raises_the_version() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let mut next = moved(&new, Desired::Running, Phase::Running);
    next.updated_at = at(9);
    let answer = store.update(&next, &[], Admit::Always).await.unwrap();
    assert!(matches!(answer, Updated::Yes(Version(2))), "{answer:?}");
    next.version = Version(2);
    assert_eq!(
        shown(&store.get(&new.id).await.unwrap().unwrap()),
        shown(&next)
    );
}

#[tokio::test]
async fn an_update_does_not_touch_what_is_written_once() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let mut next = record("abc", "another-session");
    next.backend = "elsewhere".parse().unwrap();
    next.created_at = at(99);
    next.annotations = Default::default();
    change(&*store, next).await;
    let stored = store.get(&new.id).await.unwrap().unwrap();
    assert_eq!(
        (&stored.session, &stored.backend),
        (&new.session, &new.backend)
    );
    assert_eq!(
        (stored.created_at, &stored.annotations),
        (at(1), &new.annotations)
    );
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let current = change(&*store, moved(&new, Desired::Running, Phase::Running)).await;
    let events = [event(EventKind::Moved, "never to be seen")];
    let late = moved(&new, Desired::Stopped, Phase::Stopping);
    match store.update(&late, &events, Admit::Always).await.unwrap() {
        Updated::Stale(newer) => assert_eq!(shown(&newer), shown(&current)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        shown(&store.get(&new.id).await.unwrap().unwrap()),
        shown(&current)
    );
    assert_eq!(store.events(&new.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_update_of_nothing_says_so() {
    let store = Opened::new().await;
    let answer = store
        .update(&record("abc", "s"), &[], Admit::Always)
        .await
        .unwrap();
    assert!(matches!(answer, Updated::Missing), "{answer:?}");
}

#[tokio::test]
async fn of_many_updates_of_one_version_one_succeeds() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let updates = (0..50).map(|_| async {
        let next = moved(&new, Desired::Running, Phase::Running);
        let events = [event(EventKind::Moved, "runs")];
        store.update(&next, &events, Admit::Always).await.unwrap()
    });
    let answers = join_all(updates).await;
    let stored = answers
        .iter()
        .filter(|answer| matches!(answer, Updated::Yes(_)))
        .count();
    let stale = answers
        .iter()
        .filter(|answer| matches!(answer, Updated::Stale(_)))
        .count();
    assert_eq!((stored, stale), (1, 49));
    assert_eq!(store.events(&new.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_stopped_sandbox_cannot_take_its_session_back_from_another() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    let stopped = change(&*store, moved(&old, Desired::Stopped, Phase::Stopped)).await;
    create(&*store, &record("new", "s")).await;
    let again = moved(&stopped, Desired::Running, Phase::Starting);
    let error = store.update(&again, &[], Admit::Always).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn the_timeline_is_complete_and_in_order() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let mut current = new.clone();
    let mut expected = vec![event(EventKind::Created, "asked for")];
    for round in 0..20 {
        // The times do not decide: all of them are alike.
        let events: Vec<_> = (0..round % 4)
            .map(|number| event(EventKind::Moved, &format!("\"{round}\" \u{1f600} {number}")))
            .collect();
        match store
            .update(&current, &events, Admit::Always)
            .await
            .unwrap()
        {
            Updated::Yes(version) => current.version = version,
            other => panic!("{other:?}"),
        }
        expected.extend(events);
    }
    create(&*store, &record("other", "t")).await;
    assert_eq!(store.events(&new.id).await.unwrap(), expected);
}
