//! `touch`, `purge`, `installation`.

use runtime_core::StateStore as _;
use runtime_core::sandbox::{Desired, Phase};

use crate::setup::{Opened, at, change, create, moved, record, shown};

#[tokio::test]
async fn activity_is_noted_outside_the_version() {
    let store = Opened::new().await;
    let (one, two) = (record("one", "s"), record("two", "t"));
    create(&*store, &one).await;
    create(&*store, &two).await;
    let unknown = "unknown".parse().unwrap();
    let seen = [
        (one.id.clone(), at(40)),
        (two.id.clone(), at(20)),
        (one.id.clone(), at(30)),
        (unknown, at(10)),
    ];
    store.touch(&seen).await.unwrap();
    store.touch(&[(one.id.clone(), at(7))]).await.unwrap();
    store.touch(&[]).await.unwrap();
    let activity = |id| format!("SELECT activity_at FROM sandboxes WHERE id = '{id}'");
    for (id, expected) in [("one", 40), ("two", 20)] {
        let sql = sqlx::AssertSqlSafe(activity(id));
        let found: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut store.raw().await)
            .await
            .unwrap();
        assert_eq!(found, expected, "{id}: the newest time counts");
    }
    assert_eq!(
        shown(&store.get(&one.id).await.unwrap().unwrap()),
        shown(&one)
    );
}

#[tokio::test]
async fn a_purge_forgets_old_stopped_sandboxes_with_all_that_is_theirs() {
    let store = Opened::new().await;
    for (id, desired, phase) in [
        ("running", Desired::Running, Phase::Running),
        ("stopping", Desired::Stopped, Phase::Stopping),
        ("stopped", Desired::Stopped, Phase::Stopped),
    ] {
        let new = record(id, id);
        create(&*store, &new).await;
        change(&*store, moved(&new, desired, phase)).await;
    }
    let stopped = "stopped".parse().unwrap();
    assert_eq!(
        store.purge(at(2), 10).await.unwrap(),
        0,
        "it was written at 2, not before"
    );
    assert!(store.get(&stopped).await.unwrap().is_some());
    assert_eq!(store.purge(at(3), 10).await.unwrap(), 1);
    assert!(store.get(&stopped).await.unwrap().is_none());
    assert!(store.events(&stopped).await.unwrap().is_empty());
    for (table, rows) in [("sandboxes", 2), ("documents", 2), ("events", 2)] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let found: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut store.raw().await)
            .await
            .unwrap();
        assert_eq!(found, rows, "{table}");
    }
}

#[tokio::test]
async fn a_purge_forgets_the_oldest_first_and_no_more_than_it_may() {
    let store = Opened::new().await;
    for number in (0..5).rev() {
        let new = record(&format!("s{number}"), &number.to_string());
        create(&*store, &new).await;
        let mut stopped = moved(&new, Desired::Stopped, Phase::Stopped);
        stopped.updated_at = at(10 + number);
        change(&*store, stopped).await;
    }
    assert_eq!(store.purge(at(100), 2).await.unwrap(), 2);
    assert!(store.get(&"s1".parse().unwrap()).await.unwrap().is_none());
    assert!(store.get(&"s2".parse().unwrap()).await.unwrap().is_some());
    assert_eq!(store.purge(at(100), 10).await.unwrap(), 3);
    assert_eq!(store.purge(at(100), 10).await.unwrap(), 0);
}

#[tokio::test]
async fn the_installation_is_born_once_and_differs_from_others() {
    let store = Opened::new().await;
    let (id, born_at) = store.installation().await.unwrap();
    assert_eq!(id.0.get_version_num(), 4);
    assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
    assert!(born_at > at(1_700_000_000_000), "{born_at:?}");
    let store = store.reopened().await;
    assert_eq!(store.installation().await.unwrap(), (id, born_at));
    assert_ne!(Opened::new().await.installation().await.unwrap().0, id);
}
