//! `Admit::MaxLive`, checked in the transaction of the write.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Failure, Phase, Reason, ReasonCode, Record};
use runtime_core::{Admit, Inserted, StateStore as _, Updated};

use crate::setup::{Opened, at, change, create, event, moved, record};

const LIVE: &str = "SELECT count(*) FROM sandboxes WHERE live";
const USAGE: &str = "SELECT live FROM usage";

fn failed(record: &Record) -> Record {
    let mut next = moved(record, Desired::Running, Phase::Failed);
    next.state.failure = Some(Failure {
        generation: next.state.intent.generation,
        at: at(2),
        reason: Reason::new(ReasonCode::NotReady, "never answered"),
    });
    next
}

#[tokio::test]
async fn as_many_as_allowed_are_live_and_no_more() {
    let store = Opened::new().await;
    let starts = (0..200).map(|number| {
        let store = store.clone();
        async move {
            let new = record(&format!("s{number}"), &format!("session {number}"));
            let events = [event(EventKind::Created, "asked for")];
            store
                .insert(&new, &events, Admit::MaxLive(50), None)
                .await
                .unwrap()
        }
    });
    let answers = join_all(starts).await;
    let created = answers
        .iter()
        .filter(|answer| matches!(answer, Inserted::Created))
        .count();
    assert_eq!(created, 50);
    for answer in answers {
        assert!(
            matches!(answer, Inserted::Created | Inserted::OverQuota { live: 50 }),
            "{answer:?}"
        );
    }
    assert_eq!(store.number(LIVE).await, 50);
    assert_eq!(store.number("SELECT count(*) FROM events").await, 50);
}

#[tokio::test]
async fn a_session_that_has_a_sandbox_gets_it_even_at_the_limit() {
    let store = Opened::new().await;
    create(&*store, &record("abc", "s")).await;
    let again = record("def", "s");
    let answer = store
        .insert(&again, &[], Admit::MaxLive(1), None)
        .await
        .unwrap();
    assert!(matches!(answer, Inserted::Exists(_)), "{answer:?}");
}

#[tokio::test]
async fn paused_stopped_and_failed_sandboxes_do_not_count() {
    let store = Opened::new().await;
    for (number, next) in [
        |record: &Record| moved(record, Desired::Paused, Phase::Pausing),
        |record: &Record| moved(record, Desired::Stopped, Phase::Stopping),
        failed,
    ]
    .iter()
    .enumerate()
    {
        let new = record(&format!("s{number}"), &format!("session {number}"));
        let answer = store
            .insert(&new, &[], Admit::MaxLive(1), None)
            .await
            .unwrap();
        assert!(matches!(answer, Inserted::Created), "{answer:?}");
        change(&*store, next(&new)).await;
        assert_eq!(store.number(USAGE).await, 0);
    }
}

#[tokio::test]
async fn a_sandbox_that_becomes_live_again_needs_a_place() {
    let store = Opened::new().await;
    let sleeper = record("sleeper", "s");
    create(&*store, &sleeper).await;
    let paused = change(&*store, moved(&sleeper, Desired::Paused, Phase::Paused)).await;
    create(&*store, &record("other", "t")).await;
    let awake = moved(&paused, Desired::Running, Phase::Starting);
    let answer = store.update(&awake, &[], Admit::MaxLive(1)).await.unwrap();
    assert!(
        matches!(answer, Updated::OverQuota { live: 1 }),
        "{answer:?}"
    );
    let stored = store.get(&sleeper.id).await.unwrap().unwrap();
    assert_eq!(stored.version, paused.version);
    let answer = store.update(&awake, &[], Admit::MaxLive(2)).await.unwrap();
    assert!(matches!(answer, Updated::Yes(_)), "{answer:?}");
}

#[tokio::test]
async fn a_live_sandbox_moves_on_at_and_over_the_limit() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let running = moved(&new, Desired::Running, Phase::Running);
    for limit in [1, 0] {
        let current = store.get(&new.id).await.unwrap().unwrap();
        let mut next = running.clone();
        next.version = current.version;
        let answer = store
            .update(&next, &[], Admit::MaxLive(limit))
            .await
            .unwrap();
        assert!(matches!(answer, Updated::Yes(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_stale_update_at_the_limit_is_stale() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    change(&*store, moved(&new, Desired::Paused, Phase::Paused)).await;
    let answer = store.update(&new, &[], Admit::MaxLive(0)).await.unwrap();
    assert!(matches!(answer, Updated::Stale(_)), "{answer:?}");
}

#[tokio::test]
async fn the_usage_follows_every_write() {
    let store = Opened::new().await;
    for number in 0..10 {
        let new = record(&format!("s{number}"), &format!("session {number}"));
        create(&*store, &new).await;
        if number % 2 == 0 {
            change(&*store, moved(&new, Desired::Stopped, Phase::Stopped)).await;
        }
    }
    store.purge(at(1_000), 100).await.unwrap();
    assert_eq!(store.number(LIVE).await, 5);
    assert_eq!(store.number(USAGE).await, 5);
    let store = store.reopened().await;
    assert_eq!(store.number(USAGE).await, 5);
}
