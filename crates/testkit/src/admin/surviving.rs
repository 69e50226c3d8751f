//! What was acknowledged is there, whatever became of the process; and the store is anybody's.

use runtime_core::{AdminStore, ApiKeyHash};
use tokio::task::JoinSet;

use super::keys::{add, key};
use super::warm_configs::{config, put};
use crate::builders::at;
use crate::place::Place;

pub(super) async fn what_was_acknowledged_survives_a_restart_and_a_crash(
    place: &mut dyn Place<dyn AdminStore>,
) {
    let store = place.store();
    let mut revoked = key(1, "revoked");
    add(&*store, &revoked).await;
    store.revoke_key(revoked.id, at(7)).await.unwrap();
    revoked.revoked_at = Some(at(7));
    let good = key(2, "good");
    add(&*store, &good).await;
    let token = ApiKeyHash::of("token");
    store.add_token(&token, at(10), at(20)).await.unwrap();
    for challenge in ["taken", "waits"] {
        store
            .add_challenge(challenge, at(10), at(20))
            .await
            .unwrap();
    }
    assert!(store.take_challenge("taken", at(11)).await.unwrap());
    let kept = config("kept", "{}", 1);
    put(&*store, &kept).await;
    put(&*store, &config("removed", "{}", 1)).await;
    assert!(store.remove_warm_config("removed").await.unwrap());
    for crash in [true, false] {
        if crash {
            place.crash().await;
        } else {
            place.close().await;
            place.open().await;
        }
        let store = place.store();
        assert_eq!(store.keys().await.unwrap(), [revoked.clone(), good.clone()]);
        assert!(store.has_token(&token, at(12)).await.unwrap());
        assert!(!store.take_challenge("taken", at(12)).await.unwrap());
        assert_eq!(
            store.warm_configs().await.unwrap(),
            std::slice::from_ref(&kept)
        );
    }
    assert!(place.store().take_challenge("waits", at(12)).await.unwrap());
    place.crash().await;
    assert!(!place.store().take_challenge("waits", at(12)).await.unwrap());
}

pub(super) async fn one_store_serves_tasks_on_several_threads(
    place: &mut dyn Place<dyn AdminStore>,
) {
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let store = place.store();
        tasks.spawn(async move {
            for number in 0..10 {
                let number = 10 * task + number;
                add(&*store, &key(number, &format!("key {number}"))).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(place.store().keys().await.unwrap().len(), 40);
}
