//! Challenges and tokens of administrators.

use futures::future::join_all;
use runtime_core::{AdminStore, ApiKeyHash};

use crate::builders::at;

/// A challenge of time 10 that is good before 20.
async fn challenge(store: &dyn AdminStore, challenge: &str) {
    store
        .add_challenge(challenge, at(10), at(20))
        .await
        .unwrap();
}

async fn takes(store: &dyn AdminStore, challenge: &str, millis: i64) -> bool {
    store.take_challenge(challenge, at(millis)).await.unwrap()
}

async fn good(store: &dyn AdminStore, token: &str, millis: i64) -> bool {
    let token = ApiKeyHash::of(token);
    store.has_token(&token, at(millis)).await.unwrap()
}

pub(super) async fn a_challenge_is_taken_once_and_before_it_expires(store: &dyn AdminStore) {
    challenge(store, "one").await;
    challenge(store, "two").await;
    assert!(takes(store, "one", 10).await);
    assert!(!takes(store, "one", 10).await, "once");
    assert!(takes(store, "two", 19).await, "each is its own");
}

pub(super) async fn an_expired_challenge_is_forgotten_when_another_comes(store: &dyn AdminStore) {
    challenge(store, "old").await;
    store.add_challenge("new", at(20), at(30)).await.unwrap();
    // By a clock that goes backwards it would be good again.
    assert!(!takes(store, "old", 15).await);
    assert!(takes(store, "new", 25).await);
}

pub(super) async fn of_many_who_take_a_challenge_one_gets_it(store: &dyn AdminStore) {
    challenge(store, "one").await;
    let takes = join_all((0..50).map(|_| takes(store, "one", 12))).await;
    assert_eq!(takes.iter().filter(|taken| **taken).count(), 1);
}

pub(super) async fn an_unknown_challenge_is_not_taken(store: &dyn AdminStore) {
    challenge(store, "one").await;
    for unknown in ["", "On", "ONE", "one ", "%", "' OR 1=1 --"] {
        assert!(!takes(store, unknown, 12).await, "{unknown:?}");
    }
    assert!(takes(store, "one", 12).await);
}

pub(super) async fn a_challenge_that_came_too_late_is_gone(store: &dyn AdminStore) {
    challenge(store, "one").await;
    assert!(!takes(store, "one", 20).await);
    assert!(!takes(store, "one", 15).await);
}

pub(super) async fn a_token_is_good_before_it_expires(store: &dyn AdminStore) {
    let token = ApiKeyHash::of("one");
    store.add_token(&token, at(10), at(20)).await.unwrap();
    for _ in 0..2 {
        assert!(good(store, "one", 10).await, "also a second time");
        assert!(good(store, "one", 19).await);
        assert!(!good(store, "one", 20).await);
    }
}

pub(super) async fn an_expired_token_is_forgotten_when_another_comes(store: &dyn AdminStore) {
    for (token, now, end) in [("old", 10, 20), ("new", 20, 30)] {
        let token = ApiKeyHash::of(token);
        store.add_token(&token, at(now), at(end)).await.unwrap();
    }
    assert!(!good(store, "old", 15).await);
    assert!(good(store, "new", 25).await);
}

pub(super) async fn an_unknown_token_is_not_good(store: &dyn AdminStore) {
    assert!(!good(store, "one", 12).await);
    let token = ApiKeyHash::of("one");
    store.add_token(&token, at(10), at(20)).await.unwrap();
    assert!(!good(store, "two", 12).await);
    assert!(good(store, "one", 12).await);
}
