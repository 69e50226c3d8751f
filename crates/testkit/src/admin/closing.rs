//! A closed store.

use runtime_core::{AdminStore, ApiKeyHash, StoreError};
use uuid::Uuid;

use super::keys::key;
use super::warm_configs::config;
use crate::builders::at;
use crate::place::Place;

pub(super) async fn a_closed_store_says_so(place: &mut dyn Place<dyn AdminStore>) {
    let store = place.store();
    place.close().await;
    let token = ApiKeyHash::of("token");
    let answers = [
        ("add_key", store.add_key(&key(1, "ci")).await.err()),
        ("keys", store.keys().await.err()),
        (
            "revoke_key",
            store.revoke_key(Uuid::nil(), at(1)).await.err(),
        ),
        (
            "add_challenge",
            store.add_challenge("one", at(1), at(2)).await.err(),
        ),
        (
            "take_challenge",
            store.take_challenge("one", at(1)).await.err(),
        ),
        (
            "add_token",
            store.add_token(&token, at(1), at(2)).await.err(),
        ),
        ("has_token", store.has_token(&token, at(1)).await.err()),
        ("warm_configs", store.warm_configs().await.err()),
        (
            "put_warm_config",
            store.put_warm_config(&config("a", "{}", 1)).await.err(),
        ),
        (
            "remove_warm_config",
            store.remove_warm_config("a").await.err(),
        ),
    ];
    for (method, error) in answers {
        assert!(
            matches!(error, Some(StoreError::Closed)),
            "{method}: {error:?}"
        );
    }
    place.open().await;
    assert!(place.store().keys().await.unwrap().is_empty());
}
