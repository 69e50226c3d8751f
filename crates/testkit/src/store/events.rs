//! The timeline.

use runtime_core::sandbox::{Actor, Event, EventKind};
use runtime_core::{Admit, StateStore, Updated};

use super::acts::create;
use crate::builders::{at, event, record};

pub(super) async fn the_timeline_is_complete_and_in_order(store: &dyn StateStore) {
    let new = record("abc", "s");
    create(store, &new).await;
    let mut current = new.clone();
    let mut expected = vec![event(EventKind::Created, "asked for")];
    for round in 0..20 {
        // The times do not decide: all of them are alike.
        let events: Vec<_> = (0..round % 4)
            .map(|number| event(EventKind::Moved, &format!("{round} {number}")))
            .collect();
        match store.update(&current, &events, Admit::Always).await {
            Ok(Updated::Yes(version)) => current.version = version,
            other => panic!("{other:?}"),
        }
        expected.extend(events);
    }
    create(store, &record("other", "t")).await;
    assert_eq!(store.events(&new.id).await.unwrap(), expected);
}

pub(super) async fn an_entry_comes_back_as_it_was_stored(store: &dyn StateStore) {
    let kinds = [
        EventKind::Created,
        EventKind::Wanted,
        EventKind::Moved,
        EventKind::Restarted,
        EventKind::Failed,
    ];
    let actors = [
        Actor::Client,
        Actor::Operator,
        Actor::Policy("idle \"after\" 20 min".to_owned()),
        Actor::Server,
    ];
    let mut events = Vec::new();
    for (number, kind) in kinds.into_iter().enumerate() {
        for by in &actors {
            events.push(Event {
                at: at(i64::try_from(number).unwrap() * 1_000_000_000_000 - 1),
                kind,
                by: by.clone(),
                message: format!("\u{1f600} 'quoted' \\ {number}\nsecond line"),
            });
        }
    }
    let new = record("abc", "s");
    let answer = store.insert(&new, &events, Admit::Always, None).await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(store.events(&new.id).await.unwrap(), events);
}

pub(super) async fn an_unknown_sandbox_has_no_timeline(store: &dyn StateStore) {
    create(store, &record("abc", "s")).await;
    let unknown = store.events(&"ab".parse().unwrap()).await.unwrap();
    assert!(unknown.is_empty(), "{unknown:?}");
}
