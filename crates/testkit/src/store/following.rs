//! `changes` while others write: nothing is lost on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{Cursor, SandboxId, StateStore, Version};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::acts::{change, create, since};
use crate::builders::{moved, record};
use crate::place::Place;

/// Makes ten sandboxes and moves each five times. After each write it looks at what has changed since its last look,
/// and finds what it wrote.
async fn write(store: &dyn StateStore, writer: usize) {
    let mut cursor = Cursor::default();
    for number in 0..10 {
        let mut current = record(
            &format!("w{writer}-{number}"),
            &format!("{writer} {number}"),
        );
        create(store, &current).await;
        for _ in 0..5 {
            current = change(store, moved(&current, Desired::Running, Phase::Running)).await;
            let changes = since(store, &cursor).await;
            let own = changes
                .changed
                .iter()
                .find(|summary| summary.id == current.id);
            assert_eq!(own.map(|summary| summary.version), Some(current.version));
            cursor = changes.cursor;
        }
    }
}

/// The newest version of everything, put together from changes until `end`.
async fn follow(store: &dyn StateStore, end: CancellationToken) -> BTreeMap<SandboxId, Version> {
    let mut known = BTreeMap::new();
    let mut cursor = Cursor::default();
    loop {
        let last_time = end.is_cancelled();
        let changes = since(store, &cursor).await;
        for summary in changes.changed {
            let version = known.entry(summary.id).or_insert(summary.version);
            *version = summary.version.max(*version);
        }
        cursor = changes.cursor;
        if last_time {
            return known;
        }
        tokio::task::yield_now().await;
    }
}

pub(super) async fn followers_of_concurrent_writers_miss_nothing(
    place: &mut dyn Place<dyn StateStore>,
) {
    let end = CancellationToken::new();
    let mut followers = JoinSet::new();
    for _ in 0..3 {
        let (store, end) = (place.store(), end.clone());
        followers.spawn(async move { follow(&*store, end).await });
    }
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = place.store();
        writers.spawn(async move { write(&*store, writer).await });
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    end.cancel();
    let expected: BTreeMap<SandboxId, Version> = (0..8)
        .flat_map(|writer| (0..10).map(move |number| format!("w{writer}-{number}")))
        .map(|id| (id.parse().unwrap(), Version(6)))
        .collect();
    while let Some(known) = followers.join_next().await {
        assert_eq!(known.unwrap(), expected);
    }
}

pub(super) async fn one_store_serves_tasks_on_several_threads(
    place: &mut dyn Place<dyn StateStore>,
) {
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let store: Arc<dyn StateStore> = place.store();
        tasks.spawn(async move {
            let new: Vec<_> = (0..25)
                .map(|number| record(&format!("t{task}-{number}"), &format!("{task} {number}")))
                .collect();
            join_all(new.iter().map(|record| create(&*store, record))).await;
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let all = since(&*place.store(), &Cursor::default()).await;
    assert_eq!(all.changed.len(), 100);
}

pub(super) async fn hints_never_end_and_harm_nobody(store: &dyn StateStore) {
    use futures::{FutureExt as _, StreamExt as _};
    let mut hints = store.hints();
    create(store, &record("abc", "s")).await;
    while let Some(hint) = hints.next().now_or_never() {
        assert!(hint.is_some(), "the hints ended");
    }
    drop(hints);
    create(store, &record("def", "t")).await;
}
