//! `insert`, `get`, `of_session`, `of_sessions`.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase};
use runtime_core::{Admit, Inserted, StateStore as _, StoreError, TenantId, Version};
use secrecy::ExposeSecret as _;

use crate::setup::{Opened, change, create, event, moved, record, shown};

#[tokio::test]
async fn a_record_comes_back_as_it_was_stored() {
    let store = Opened::new().await;
    let new = record("abc", "ü €/😀");
    create(&*store, &new).await;
    let stored = store.get(&new.id).await.unwrap().unwrap();
    assert_eq!(shown(&stored), shown(&new));
    assert_eq!(stored.spec, new.spec);
    assert_eq!(stored.annotations, new.annotations);
    assert_eq!(stored.sealed.session_key.expose(), "hidden-session-key");
    assert_eq!(
        stored.sealed.secret_key.expose_secret(),
        "hidden-secret-key"
    );
    assert_eq!(
        stored.sealed.environment["TOKEN"].expose_secret(),
        "hidden-value"
    );
}

#[tokio::test]
async fn the_version_of_a_new_record_is_not_read() {
    let store = Opened::new().await;
    let mut new = record("abc", "s");
    new.version = Version(77);
    create(&*store, &new).await;
    let stored = store.get(&new.id).await.unwrap().unwrap();
    assert_eq!(stored.version, Version::FIRST);
}

#[tokio::test]
async fn an_unknown_sandbox_is_none() {
    let store = Opened::new().await;
    assert!(
        store
            .get(&"unknown".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .events(&"unknown".parse().unwrap())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_session_with_an_open_sandbox_gets_no_second_one() {
    let store = Opened::new().await;
    let first = record("first", "s");
    create(&*store, &first).await;
    let events = [event(EventKind::Created, "never to be seen")];
    let second = record("second", "s");
    match store
        .insert(&second, &events, Admit::Always, None)
        .await
        .unwrap()
    {
        Inserted::Exists(found) => assert_eq!(shown(&found), shown(&first)),
        other => panic!("{other:?}"),
    }
    assert!(store.get(&second.id).await.unwrap().is_none());
    assert_eq!(store.number("SELECT count(*) FROM events").await, 1);
}

#[tokio::test]
async fn a_paused_sandbox_holds_its_sessions_place_and_a_stopped_one_does_not() {
    let store = Opened::new().await;
    let first = record("first", "s");
    create(&*store, &first).await;
    let paused = change(&*store, moved(&first, Desired::Paused, Phase::Paused)).await;
    let second = record("second", "s");
    let answer = store
        .insert(&second, &[], Admit::Always, None)
        .await
        .unwrap();
    assert!(matches!(answer, Inserted::Exists(_)), "{answer:?}");
    change(&*store, moved(&paused, Desired::Stopped, Phase::Stopping)).await;
    create(&*store, &second).await;
}

#[tokio::test]
async fn the_same_session_of_another_tenant_is_another_session() {
    let store = Opened::new().await;
    create(&*store, &record("first", "s")).await;
    let mut other = record("second", "s");
    other.tenant = "other".parse().unwrap();
    create(&*store, &other).await;
    let found = store
        .of_session(&other.tenant, &other.session)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, other.id);
}

#[tokio::test]
async fn a_thousand_starts_of_one_session_make_one_sandbox() {
    let store = Opened::new().await;
    let starts = (0..1000).map(|number| {
        let store = store.clone();
        async move {
            let new = record(&format!("s{number}"), "the-one");
            store.insert(&new, &[], Admit::Always, None).await.unwrap()
        }
    });
    let answers = join_all(starts).await;
    let created = answers
        .iter()
        .filter(|answer| matches!(answer, Inserted::Created))
        .count();
    assert_eq!(created, 1);
    let winner = store
        .of_session(&TenantId::default_tenant(), &"the-one".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    for answer in answers {
        if let Inserted::Exists(found) = answer {
            assert_eq!(found.id, winner.id);
        }
    }
    assert_eq!(store.number("SELECT count(*) FROM sandboxes").await, 1);
}

#[tokio::test]
async fn an_insert_that_comes_twice_finds_itself() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    match store.insert(&new, &[], Admit::Always, None).await.unwrap() {
        Inserted::Exists(found) => assert_eq!(found.id, new.id),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_id_or_a_label_of_another_sandbox_is_refused() {
    let store = Opened::new().await;
    create(&*store, &record("abc", "s")).await;
    let mut same_label = record("def", "t");
    same_label.label = "abc".parse().unwrap();
    for taken in [record("abc", "t"), same_label] {
        let error = store
            .insert(&taken, &[], Admit::Always, None)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    }
    assert_eq!(store.number("SELECT count(*) FROM sandboxes").await, 1);
}

#[tokio::test]
async fn a_session_is_served_by_its_open_sandbox_else_by_its_newest() {
    let store = Opened::new().await;
    let tenant = TenantId::default_tenant();
    let session = "s".parse().unwrap();
    assert!(store.of_session(&tenant, &session).await.unwrap().is_none());
    for id in ["first", "second", "third"] {
        let new = record(id, "s");
        create(&*store, &new).await;
        let found = store.of_session(&tenant, &session).await.unwrap().unwrap();
        assert_eq!(found.id, new.id, "open");
        change(&*store, moved(&new, Desired::Stopped, Phase::Stopped)).await;
        let found = store.of_session(&tenant, &session).await.unwrap().unwrap();
        assert_eq!(found.id, new.id, "newest");
    }
}

#[tokio::test]
async fn many_sessions_are_found_with_one_question() {
    let store = Opened::new().await;
    let tenant = TenantId::default_tenant();
    let old = record("old", "s1");
    create(&*store, &old).await;
    change(&*store, moved(&old, Desired::Stopped, Phase::Stopped)).await;
    create(&*store, &record("new", "s1")).await;
    create(&*store, &record("other", "s2")).await;
    let mut foreign = record("foreign", "s3");
    foreign.tenant = "other".parse().unwrap();
    create(&*store, &foreign).await;
    let asked = ["s1", "s2", "s3", "s2", "unknown"].map(|session| session.parse().unwrap());
    let mut found: Vec<_> = store
        .of_sessions(&tenant, &asked)
        .await
        .unwrap()
        .iter()
        .map(|record| record.id.to_string())
        .collect();
    found.sort();
    assert_eq!(found, ["new", "other"]);
    assert!(store.of_sessions(&tenant, &[]).await.unwrap().is_empty());
}
