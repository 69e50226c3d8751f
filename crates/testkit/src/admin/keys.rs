//! API keys.

use std::time::Duration;

use futures::future::join_all;
use runtime_core::{AdminStore, ApiKeyHash, StoreError, StoredKey, TenantId};
use uuid::Uuid;

use crate::builders::at;

/// A key of the default tenant that never expires.
pub(super) fn key(number: u32, name: &str) -> StoredKey {
    StoredKey {
        id: Uuid::from_u128(u128::from(number)),
        name: name.to_owned(),
        tenant: TenantId::default_tenant(),
        hash: ApiKeyHash::of(&number.to_string()),
        created_at: at(5),
        expires_at: None,
        revoked_at: None,
    }
}

pub(super) async fn add(store: &dyn AdminStore, key: &StoredKey) {
    assert!(store.add_key(key).await.unwrap(), "{key:?} is new");
}

pub(super) async fn a_key_comes_back_as_it_was_stored(store: &dyn AdminStore) {
    let mut new = key(1, "O'Brien's \"key\" \u{1f600} %_");
    new.tenant = "Team.1_a-b".parse().unwrap();
    new.expires_at = Some(at(253_402_300_799_999));
    new.created_at = at(-1);
    add(store, &new).await;
    assert_eq!(store.keys().await.unwrap(), [new]);
}

pub(super) async fn a_name_belongs_to_one_key_that_is_not_revoked(store: &dyn AdminStore) {
    let first = key(1, "ci");
    add(store, &first).await;
    let mut second = key(2, "ci");
    second.tenant = "somebody".parse().unwrap();
    assert!(!store.add_key(&second).await.unwrap());
    assert_eq!(store.keys().await.unwrap(), [first]);
    add(store, &key(3, "CI")).await;
}

pub(super) async fn an_expired_key_keeps_its_name(store: &dyn AdminStore) {
    let mut expired = key(1, "ci");
    expired.expires_at = Some(at(6));
    add(store, &expired).await;
    let mut second = key(2, "ci");
    second.created_at = at(1_000);
    assert!(!store.add_key(&second).await.unwrap());
}

pub(super) async fn of_many_who_want_a_name_one_gets_it(store: &dyn AdminStore) {
    let adds = (1..=50).map(|number| async move {
        let new = key(number, "the-one");
        store.add_key(&new).await.unwrap().then_some(new)
    });
    let winners: Vec<_> = join_all(adds).await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(store.keys().await.unwrap(), winners);
}

pub(super) async fn a_taken_id_and_a_taken_hash_are_invalid(store: &dyn AdminStore) {
    let first = key(1, "first");
    add(store, &first).await;
    store.revoke_key(first.id, at(7)).await.unwrap();
    let same_id = StoredKey {
        id: first.id,
        ..key(2, "second")
    };
    let same_hash = StoredKey {
        hash: first.hash.clone(),
        ..key(2, "second")
    };
    for taken in [same_id, same_hash] {
        let answer = store.add_key(&taken).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }
    assert_eq!(store.keys().await.unwrap().len(), 1);
}

pub(super) async fn a_dropped_call_is_whole_or_nothing(store: &dyn AdminStore) {
    for number in 1..=50 {
        let patience = Duration::from_micros(u64::from(number) * 40);
        let new = key(number, &format!("key {number}"));
        drop(tokio::time::timeout(patience, store.add_key(&new)).await);
    }
    // Writes keep their order: what became of the dropped ones is settled after this one.
    add(store, &key(100, "last")).await;
    let stored = store.keys().await.unwrap();
    for number in 1..=50 {
        let new = key(number, &format!("key {number}"));
        if !stored.contains(&new) {
            add(store, &new).await;
        }
    }
}

pub(super) async fn all_keys_are_listed_in_their_order(store: &dyn AdminStore) {
    let mut expected = Vec::new();
    for (number, name) in [(3, "b"), (1, "c"), (2, "a")] {
        let mut new = key(number, name);
        new.created_at = at(100 - i64::from(number));
        new.expires_at = (number == 1).then(|| at(6));
        add(store, &new).await;
        expected.push(new);
    }
    expected[0].revoked_at = Some(at(7));
    assert!(store.revoke_key(expected[0].id, at(7)).await.unwrap());
    assert_eq!(store.keys().await.unwrap(), expected);
}

pub(super) async fn the_name_of_a_revoked_key_is_free(store: &dyn AdminStore) {
    let first = key(1, "ci");
    add(store, &first).await;
    assert!(store.revoke_key(first.id, at(7)).await.unwrap());
    let second = key(2, "ci");
    add(store, &second).await;
    let revoked = StoredKey {
        revoked_at: Some(at(7)),
        ..first
    };
    assert_eq!(store.keys().await.unwrap(), [revoked, second]);
}

pub(super) async fn a_key_is_revoked_once(store: &dyn AdminStore) {
    let (first, other) = (key(1, "first"), key(2, "other"));
    add(store, &first).await;
    add(store, &other).await;
    let revocations = join_all((0..20).map(|at_millis| store.revoke_key(first.id, at(at_millis))));
    let answers = revocations.await;
    let first_time = answers
        .iter()
        .position(|answer| matches!(answer, Ok(true)))
        .unwrap();
    let times = answers.iter().filter(|answer| matches!(answer, Ok(true)));
    assert_eq!(times.count(), 1);
    assert!(!store.revoke_key(first.id, at(99)).await.unwrap());
    let expected = StoredKey {
        revoked_at: Some(at(i64::try_from(first_time).unwrap())),
        ..first
    };
    assert_eq!(store.keys().await.unwrap(), [expected, other]);
}

pub(super) async fn an_unknown_key_is_not_revoked(store: &dyn AdminStore) {
    add(store, &key(1, "ci")).await;
    assert!(!store.revoke_key(Uuid::from_u128(2), at(7)).await.unwrap());
    assert_eq!(store.keys().await.unwrap(), [key(1, "ci")]);
}
