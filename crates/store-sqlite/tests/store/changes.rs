//! `changes`: what a process that reads has to know, and never more than it asks for.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::future::join_all;
use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{Admit, Changes, Cursor, SandboxId, StateStore, StoreError, Updated, Version};
use tokio_util::sync::CancellationToken;

use crate::setup::{Opened, at, change, create, moved, record, shown};

fn ids(changes: &Changes) -> Vec<String> {
    changes
        .changed
        .iter()
        .map(|summary| summary.id.to_string())
        .collect()
}

#[tokio::test]
async fn the_default_cursor_gives_all_that_something_is_left_of() {
    let store = Opened::new().await;
    for (id, desired, phase) in [
        ("running", Desired::Running, Phase::Running),
        ("paused", Desired::Paused, Phase::Paused),
        ("failed", Desired::Running, Phase::Failed),
        ("stopping", Desired::Stopped, Phase::Stopping),
        ("stopped", Desired::Stopped, Phase::Stopped),
    ] {
        let new = record(id, id);
        create(&*store, &new).await;
        change(&*store, moved(&new, desired, phase)).await;
    }
    let all = store.changes(&Cursor::default()).await.unwrap();
    assert_eq!(ids(&all), ["running", "paused", "failed", "stopping"]);
    let none = store.changes(&all.cursor).await.unwrap();
    assert_eq!((ids(&none), &none.cursor), (vec![], &all.cursor));
}

#[tokio::test]
async fn an_empty_store_has_no_changes_and_a_cursor_to_go_on_from() {
    let store = Opened::new().await;
    let nothing = store.changes(&Cursor::default()).await.unwrap();
    assert!(nothing.changed.is_empty());
    create(&*store, &record("abc", "s")).await;
    assert_eq!(ids(&store.changes(&nothing.cursor).await.unwrap()), ["abc"]);
}

#[tokio::test]
async fn changes_come_in_their_order_each_sandbox_once_with_its_newest_state() {
    let store = Opened::new().await;
    let start = store.changes(&Cursor::default()).await.unwrap().cursor;
    let first = record("first", "s");
    create(&*store, &first).await;
    create(&*store, &record("second", "t")).await;
    let stopped = change(&*store, moved(&first, Desired::Stopped, Phase::Stopped)).await;
    let changes = store.changes(&start).await.unwrap();
    assert_eq!(ids(&changes), ["second", "first"]);
    let newest = &changes.changed[1];
    assert_eq!(
        (newest.version, newest.state.phase),
        (Version(2), Phase::Stopped)
    );
    assert_eq!(format!("{newest:?}"), format!("{:?}", stopped.summary()));
}

#[tokio::test]
async fn what_stored_nothing_is_no_change() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let paused = change(&*store, moved(&new, Desired::Paused, Phase::Paused)).await;
    let cursor = store.changes(&Cursor::default()).await.unwrap().cursor;
    store
        .insert(&record("def", "s"), &[], Admit::Always, None)
        .await
        .unwrap();
    store.update(&new, &[], Admit::Always).await.unwrap();
    let awake = moved(&paused, Desired::Running, Phase::Starting);
    store.update(&awake, &[], Admit::MaxLive(0)).await.unwrap();
    store
        .insert(&record("abc", "t"), &[], Admit::Always, None)
        .await
        .unwrap_err();
    store.touch(&[(new.id.clone(), at(50))]).await.unwrap();
    assert!(store.changes(&cursor).await.unwrap().changed.is_empty());
}

#[tokio::test]
async fn a_cursor_is_good_after_a_restart_and_after_a_purge() {
    let store = Opened::new().await;
    create(&*store, &record("first", "s")).await;
    let gone = record("gone", "t");
    create(&*store, &gone).await;
    change(&*store, moved(&gone, Desired::Stopped, Phase::Stopped)).await;
    let cursor = store.changes(&Cursor::default()).await.unwrap().cursor;
    assert_eq!(store.purge(at(1_000), 10).await.unwrap(), 1);
    let store = store.reopened().await;
    assert!(store.changes(&cursor).await.unwrap().changed.is_empty());
    create(&*store, &record("second", "u")).await;
    assert_eq!(ids(&store.changes(&cursor).await.unwrap()), ["second"]);
}

#[tokio::test]
async fn a_cursor_of_another_kind_of_store_is_refused() {
    let store = Opened::new().await;
    let error = store
        .changes(&Cursor("10:20:".to_owned()))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn there_are_never_hints() {
    let store = Opened::new().await;
    let mut hints = store.hints();
    create(&*store, &record("abc", "s")).await;
    assert!(hints.next().now_or_never().is_none());
}

/// Writes to sandboxes of its own, and asks after each write from the cursor before it.
async fn write(store: &dyn StateStore, writer: usize) {
    let mut records = Vec::new();
    for round in 0..40 {
        let before = store.changes(&Cursor::default()).await.unwrap().cursor;
        let (id, version) = if round % 4 == 0 {
            let new = record(&format!("w{writer}-{round}"), &format!("{writer} {round}"));
            create(store, &new).await;
            records.push(new.clone());
            (new.id, Version::FIRST)
        } else {
            let index = round * 7 % records.len();
            let changed = change(store, records[index].clone()).await;
            records[index] = changed.clone();
            (changed.id, changed.version)
        };
        let changes = store.changes(&before).await.unwrap();
        assert!(
            changes
                .changed
                .iter()
                .any(|summary| summary.id == id && summary.version >= version),
            "the write of {id} is missing after its acknowledgement"
        );
    }
}

/// Follows the changes until the end, and gives what it knows then.
async fn follow(store: &dyn StateStore, end: CancellationToken) -> BTreeMap<SandboxId, Version> {
    let mut known = BTreeMap::new();
    let mut cursor = Cursor::default();
    loop {
        let last_time = end.is_cancelled();
        let changes = store.changes(&cursor).await.unwrap();
        for summary in changes.changed {
            let before = known.insert(summary.id, summary.version);
            assert!(
                before.is_none_or(|before| before < summary.version),
                "a change came twice"
            );
        }
        cursor = changes.cursor;
        if last_time {
            return known;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_concurrent_writers_miss_nothing_and_see_nothing_twice() {
    let store = Opened::new().await;
    let end = CancellationToken::new();
    let writers = async {
        join_all((0..8).map(|writer| write(&*store, writer))).await;
        end.cancel();
    };
    let followers = join_all((0..3).map(|_| follow(&*store, end.clone())));
    let ((), known) = tokio::join!(writers, followers);
    let stored: BTreeMap<_, _> = store
        .changes(&Cursor::default())
        .await
        .unwrap()
        .changed
        .into_iter()
        .map(|summary| (summary.id, summary.version))
        .collect();
    assert_eq!(stored.len(), 80);
    for known in known {
        assert_eq!(known, stored);
    }
}

#[tokio::test]
async fn a_summary_says_what_the_record_says() {
    let store = Opened::new().await;
    let new = record("abc", "s");
    create(&*store, &new).await;
    let changes = store.changes(&Cursor::default()).await.unwrap();
    let summary = &changes.changed[0];
    assert_eq!(format!("{summary:?}"), format!("{:?}", new.summary()));
    assert_eq!(summary.session_key.expose(), "hidden-session-key");
    let answer = store.update(&new, &[], Admit::Always).await.unwrap();
    assert!(matches!(answer, Updated::Yes(_)), "{answer:?}");
    assert!(!shown(&new).contains("hidden"));
}
