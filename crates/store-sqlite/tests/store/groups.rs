//! The writer: many operations, few transactions, and a failure that stays alone.

use futures::future::join_all;
use runtime_core::sandbox::{Desired, EventKind, Phase};
use runtime_core::{Admit, Inserted, StateStore as _, StoreError};

use crate::setup::{Opened, change, create, event, moved, record};

#[tokio::test]
async fn many_writers_share_few_transactions() {
    let store = Opened::new().await;
    let before = store.commits();
    let inserts = (0..500).map(|number| {
        let store = store.clone();
        async move { create(&*store, &record(&format!("s{number}"), &number.to_string())).await }
    });
    join_all(inserts).await;
    let commits = store.commits() - before;
    assert!(commits <= 50, "{commits} transactions for 500 writes");
    assert_eq!(store.number("SELECT count(*) FROM sandboxes").await, 500);
    assert_eq!(store.number("SELECT count(*) FROM events").await, 500);
}

#[tokio::test]
async fn a_failed_operation_does_not_harm_the_others_of_its_group() {
    let store = Opened::new().await;
    create(&*store, &record("taken", "s")).await;
    let before = store.commits();
    let inserts = (0..100).map(|number| {
        let store = store.clone();
        async move {
            let id = if number % 3 == 0 {
                "taken".to_owned()
            } else {
                format!("s{number}")
            };
            let new = record(&id, &format!("session {number}"));
            let events = [event(EventKind::Created, "asked for")];
            (
                number,
                store.insert(&new, &events, Admit::Always, None).await,
            )
        }
    });
    for (number, answer) in join_all(inserts).await {
        if number % 3 == 0 {
            assert!(
                matches!(answer, Err(StoreError::Invalid(_))),
                "{number}: {answer:?}"
            );
        } else {
            assert!(
                matches!(answer, Ok(Inserted::Created)),
                "{number}: {answer:?}"
            );
        }
    }
    assert!(
        store.commits() - before <= 50,
        "they did not share transactions"
    );
    assert_eq!(store.number("SELECT count(*) FROM sandboxes").await, 67);
    assert_eq!(store.number("SELECT count(*) FROM documents").await, 67);
    assert_eq!(store.number("SELECT count(*) FROM events").await, 67);
}

#[tokio::test]
async fn operations_of_one_caller_take_effect_in_their_order() {
    let store = Opened::new().await;
    let mut current = record("abc", "s");
    create(&*store, &current).await;
    for round in 0..50 {
        let desired = if round % 2 == 0 {
            Desired::Paused
        } else {
            Desired::Running
        };
        current = change(&*store, moved(&current, desired, Phase::Paused)).await;
        let stored = store.get(&current.id).await.unwrap().unwrap();
        assert_eq!(stored.version, current.version, "a read after the answer");
    }
}

#[tokio::test]
async fn a_write_whose_caller_has_gone_is_stored_or_not_and_the_store_goes_on() {
    let store = Opened::new().await;
    for number in 0..20 {
        let new = record(&format!("s{number}"), &number.to_string());
        let call = store.insert(&new, &[], Admit::Always, None);
        // Polled a few times, then dropped: before, in or after the queue.
        tokio::select! {
            biased;
            _ = call => {}
            () = async { for _ in 0..number { tokio::task::yield_now().await } } => {}
        }
    }
    create(&*store, &record("last", "last")).await;
    let halves = "SELECT count(*) FROM sandboxes LEFT JOIN documents ON sandbox = sandboxes.number
        WHERE sandbox IS NULL";
    assert_eq!(store.number(halves).await, 0);
}

#[tokio::test]
async fn closing_writes_what_waits_and_refuses_what_comes_later() {
    let store = Opened::new().await;
    let inserts = join_all((0..100).map(|number| {
        let store = store.clone();
        async move {
            let new = record(&format!("s{number}"), &number.to_string());
            store.insert(&new, &[], Admit::Always, None).await
        }
    }));
    let (answers, ()) = tokio::join!(inserts, store.close());
    let stored = answers.iter().filter(|answer| answer.is_ok()).count();
    let closed = answers
        .iter()
        .filter(|answer| matches!(answer, Err(StoreError::Closed)))
        .count();
    assert_eq!(stored + closed, 100);
    let error = store.get(&"s1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error:?}");
    let error = store
        .touch(&[("s1".parse().unwrap(), crate::setup::at(1))])
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error:?}");
    assert_eq!(
        store.number("SELECT count(*) FROM sandboxes").await,
        i64::try_from(stored).unwrap()
    );
}
