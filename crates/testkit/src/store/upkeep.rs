//! `touch`, `purge`, `installation`.

use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{StateStore, TenantId};

use super::Stores;
use super::acts::{change, create, live, now, since, stored, timeline};
use crate::builders::{at, moved, record, whole};
use crate::place::Place;

pub(super) async fn activity_changes_no_record(store: &dyn StateStore) {
    let (one, two) = (record("one", "s"), record("two", "t"));
    create(store, &one).await;
    create(store, &two).await;
    let cursor = now(store).await;
    let seen = [
        (one.id.clone(), at(40)),
        (two.id.clone(), at(20)),
        (one.id.clone(), at(30)),
        ("unknown".parse().unwrap(), at(10)),
    ];
    store.touch(&seen).await.unwrap();
    store.touch(&[]).await.unwrap();
    for expected in [&one, &two] {
        assert_eq!(whole(&stored(store, &expected.id).await), whole(expected));
    }
    assert!(
        store
            .get(&"unknown".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
    assert!(since(store, &cursor).await.changed.is_empty());
    change(store, moved(&one, Desired::Running, Phase::Running)).await;
}

pub(super) async fn a_purge_forgets_old_stopped_records_with_all_that_is_theirs(
    store: &dyn StateStore,
) {
    for (id, desired, phase) in [
        ("running", Desired::Running, Phase::Running),
        ("paused", Desired::Paused, Phase::Paused),
        ("stopping", Desired::Stopped, Phase::Stopping),
        ("stopped", Desired::Stopped, Phase::Stopped),
    ] {
        let new = record(id, id);
        create(store, &new).await;
        change(store, moved(&new, desired, phase)).await;
    }
    assert_eq!(
        store.purge(at(2), 10).await.unwrap(),
        0,
        "written at 2, which is not before 2"
    );
    assert_eq!(store.purge(at(3), 10).await.unwrap(), 1);
    let stopped = "stopped".parse().unwrap();
    assert!(store.get(&stopped).await.unwrap().is_none());
    assert!(timeline(store, &stopped).await.is_empty());
    let session = "stopped".parse().unwrap();
    let served = store
        .of_session(&TenantId::default_tenant(), &session)
        .await;
    assert!(served.unwrap().is_none());
    for left in ["running", "paused", "stopping"] {
        let left = left.parse().unwrap();
        stored(store, &left).await;
        assert_eq!(timeline(store, &left).await, ["asked for"]);
    }
    create(store, &record("stopped", "stopped")).await;
}

pub(super) async fn a_purge_forgets_no_more_than_it_may(store: &dyn StateStore) {
    for number in 0..5 {
        let new = record(&format!("s{number}"), &number.to_string());
        create(store, &new).await;
        change(store, moved(&new, Desired::Stopped, Phase::Stopped)).await;
    }
    assert_eq!(store.purge(at(100), 0).await.unwrap(), 0);
    assert_eq!(store.purge(at(100), 2).await.unwrap(), 2);
    let mut left = 0;
    for number in 0..5 {
        let id = format!("s{number}").parse().unwrap();
        left += usize::from(store.get(&id).await.unwrap().is_some());
    }
    assert_eq!(left, 3);
    assert_eq!(store.purge(at(100), 10).await.unwrap(), 3);
    assert_eq!(store.purge(at(100), 10).await.unwrap(), 0);
    assert_eq!(live(store).await, 0);
}

pub(super) async fn the_installation_stays_the_same(place: &mut dyn Place<dyn StateStore>) {
    let born = place.store().installation().await.unwrap();
    assert!(
        born.1 > at(1_700_000_000_000),
        "the time of its birth is {:?}",
        born.1
    );
    create(&*place.store(), &record("abc", "s")).await;
    assert_eq!(place.store().installation().await.unwrap(), born);
    place.close().await;
    place.open().await;
    assert_eq!(place.store().installation().await.unwrap(), born);
    place.crash().await;
    assert_eq!(place.store().installation().await.unwrap(), born);
}

pub(super) async fn each_place_is_an_installation_of_its_own(stores: &Stores) {
    let (one, two) = (stores.place().await, stores.place().await);
    let one = one.store().installation().await.unwrap();
    let two = two.store().installation().await.unwrap();
    assert_ne!(one.0, two.0);
}
