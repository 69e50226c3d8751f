//! `insert` in the place of a record that closes in the same transaction.

use runtime_core::sandbox::{Desired, EventKind, Phase, Record};
use runtime_core::{Admit, Inserted, Replacing, StateStore as _, StoreError, Version};

use crate::setup::{Opened, change, create, event, moved, record, shown};

fn closed(record: &Record) -> Record {
    moved(record, Desired::Stopped, Phase::Stopping)
}

#[tokio::test]
async fn the_old_record_and_the_new_one_are_stored_together() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    let new = record("new", "s");
    let replacing = Replacing {
        closed: &closed(&old),
        events: &[event(EventKind::Wanted, "replaced")],
    };
    let events = [event(EventKind::Created, "in its place")];
    let answer = store
        .insert(&new, &events, Admit::Always, Some(replacing))
        .await
        .unwrap();
    assert!(matches!(answer, Inserted::Created), "{answer:?}");
    let stored = store.get(&old.id).await.unwrap().unwrap();
    assert_eq!(stored.version, Version(2));
    assert_eq!(stored.state.intent.desired, Desired::Stopped);
    assert_eq!(store.events(&old.id).await.unwrap()[1].message, "replaced");
    assert_eq!(
        store.events(&new.id).await.unwrap()[0].message,
        "in its place"
    );
}

#[tokio::test]
async fn an_old_record_that_has_changed_is_the_answer_and_nothing_is_stored() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    let changed = change(&*store, moved(&old, Desired::Running, Phase::Running)).await;
    let replacing = Replacing {
        closed: &closed(&old),
        events: &[event(EventKind::Wanted, "replaced")],
    };
    match store
        .insert(&record("new", "s"), &[], Admit::Always, Some(replacing))
        .await
        .unwrap()
    {
        Inserted::Exists(found) => assert_eq!(shown(&found), shown(&changed)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        shown(&store.get(&old.id).await.unwrap().unwrap()),
        shown(&changed)
    );
    assert!(store.get(&"new".parse().unwrap()).await.unwrap().is_none());
    assert_eq!(store.events(&old.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn over_the_limit_the_old_record_stays_as_it_was() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    let paused = change(&*store, moved(&old, Desired::Paused, Phase::Paused)).await;
    create(&*store, &record("other", "t")).await;
    let replacing = Replacing {
        closed: &closed(&paused),
        events: &[event(EventKind::Wanted, "replaced")],
    };
    let new = record("new", "s");
    let answer = store
        .insert(&new, &[], Admit::MaxLive(1), Some(replacing))
        .await
        .unwrap();
    assert!(
        matches!(answer, Inserted::OverQuota { live: 1 }),
        "{answer:?}"
    );
    assert_eq!(
        shown(&store.get(&old.id).await.unwrap().unwrap()),
        shown(&paused)
    );
    assert_eq!(store.events(&old.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_live_record_that_is_replaced_leaves_its_place_under_the_limit() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    let replacing = Replacing {
        closed: &closed(&old),
        events: &[],
    };
    let new = record("new", "s");
    let answer = store
        .insert(&new, &[], Admit::MaxLive(1), Some(replacing))
        .await
        .unwrap();
    assert!(matches!(answer, Inserted::Created), "{answer:?}");
}

#[tokio::test]
async fn a_taken_id_leaves_the_old_record_as_it_was() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    create(&*store, &record("other", "t")).await;
    let replacing = Replacing {
        closed: &closed(&old),
        events: &[],
    };
    let taken = record("other", "s");
    let error = store
        .insert(&taken, &[], Admit::Always, Some(replacing))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    assert_eq!(
        shown(&store.get(&old.id).await.unwrap().unwrap()),
        shown(&old)
    );
}

#[tokio::test]
async fn what_makes_no_place_for_the_new_record_is_refused() {
    let store = Opened::new().await;
    let old = record("old", "s");
    create(&*store, &old).await;
    let of_another_session = closed(&record("old", "t"));
    let unknown = closed(&record("unknown", "s"));
    for bad in [&old, &of_another_session, &unknown] {
        let replacing = Replacing {
            closed: bad,
            events: &[],
        };
        let new = record("new", "s");
        let error = store
            .insert(&new, &[], Admit::Always, Some(replacing))
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    }
    assert_eq!(
        shown(&store.get(&old.id).await.unwrap().unwrap()),
        shown(&old)
    );
}
