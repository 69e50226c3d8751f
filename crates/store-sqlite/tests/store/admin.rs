//! `AdminStore`: keys, logins, warm configurations.

use std::time::Duration;

use futures::future::join_all;
use runtime_core::{
    AdminStore as _, ApiKeyHash, StoreError, StoredKey, StoredWarmConfig, TenantId,
};
use uuid::Uuid;

use crate::setup::{Opened, at};

fn key(number: u128, name: &str) -> StoredKey {
    StoredKey {
        id: Uuid::from_u128(number),
        name: name.to_owned(),
        tenant: TenantId::default_tenant(),
        hash: ApiKeyHash::of(&number.to_string()),
        created_at: at(5),
        expires_at: None,
        revoked_at: None,
    }
}

fn config(name: &str, document: &str, millis: i64) -> StoredWarmConfig {
    StoredWarmConfig {
        name: name.to_owned(),
        document: document.to_owned(),
        updated_at: at(millis),
    }
}

#[tokio::test]
async fn keys_are_kept_whole_and_oldest_first() {
    let store = Opened::new().await;
    let mut temporary = key(1, "temporary");
    temporary.expires_at = Some(at(9));
    temporary.tenant = "team".parse().unwrap();
    let keys = [key(2, "second by number"), temporary];
    for key in &keys {
        assert!(store.add_key(key).await.unwrap());
    }
    let store = store.reopened().await;
    assert_eq!(store.keys().await.unwrap(), keys);
}

#[tokio::test]
async fn a_name_is_free_again_once_its_key_is_revoked() {
    let store = Opened::new().await;
    let (first, second) = (key(1, "ci"), key(2, "ci"));
    assert!(store.add_key(&first).await.unwrap());
    assert!(!store.add_key(&second).await.unwrap(), "the name is taken");
    assert_eq!(store.keys().await.unwrap().len(), 1);

    assert!(store.revoke_key(first.id, at(7)).await.unwrap());
    assert!(!store.revoke_key(first.id, at(8)).await.unwrap(), "once");
    assert!(store.add_key(&second).await.unwrap());
    let revoked = StoredKey {
        revoked_at: Some(at(7)),
        ..first
    };
    assert_eq!(store.keys().await.unwrap(), [revoked, second]);
}

#[tokio::test]
async fn of_many_who_want_a_name_one_gets_it() {
    let store = Opened::new().await;
    let keys: Vec<_> = (0..20).map(|number| key(number, "ci")).collect();
    let added = join_all(keys.iter().map(|key| store.add_key(key))).await;
    let added = added.into_iter().filter(|added| *added.as_ref().unwrap());
    assert_eq!(added.count(), 1);
    assert_eq!(store.keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_key_is_not_stored_under_two_names() {
    let store = Opened::new().await;
    assert!(store.add_key(&key(1, "one")).await.unwrap());
    let mut twin = key(1, "two");
    twin.id = Uuid::from_u128(2);
    let error = store.add_key(&twin).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    assert!(store.add_key(&key(3, "three")).await.unwrap());
}

#[tokio::test]
async fn an_unknown_key_is_not_revoked() {
    let store = Opened::new().await;
    assert!(!store.revoke_key(Uuid::from_u128(1), at(7)).await.unwrap());
}

#[tokio::test]
async fn no_text_of_a_key_or_token_is_in_the_file() {
    let store = Opened::new().await;
    let hash = ApiKeyHash::of("a-very-secret-text");
    let secret = StoredKey {
        hash: hash.clone(),
        ..key(1, "ci")
    };
    store.add_key(&secret).await.unwrap();
    store.add_token(&hash, at(0), at(9)).await.unwrap();
    let path = store.path();
    store.close().await;
    let file = std::fs::read(path).unwrap();
    let has = |text: &[u8]| file.windows(text.len()).any(|bytes| bytes == text);
    assert!(has(hash.as_bytes()), "the hash is");
    assert!(!has(b"a-very-secret-text"));
}

#[tokio::test]
async fn a_challenge_is_taken_once_and_in_time() {
    let store = Opened::new().await;
    store.add_challenge("a", at(0), at(60)).await.unwrap();
    store.add_challenge("late", at(0), at(60)).await.unwrap();
    assert!(!store.take_challenge("unknown", at(1)).await.unwrap());
    assert!(store.take_challenge("a", at(59)).await.unwrap());
    assert!(!store.take_challenge("a", at(59)).await.unwrap(), "once");
    assert!(!store.take_challenge("late", at(60)).await.unwrap());
    assert!(
        !store.take_challenge("late", at(1)).await.unwrap(),
        "it is gone"
    );
}

#[tokio::test]
async fn of_many_who_take_a_challenge_one_gets_it() {
    let store = Opened::new().await;
    store.add_challenge("a", at(0), at(60)).await.unwrap();
    let taken = join_all((0..20).map(|_| store.take_challenge("a", at(1)))).await;
    let taken = taken.into_iter().filter(|taken| *taken.as_ref().unwrap());
    assert_eq!(taken.count(), 1);
}

#[tokio::test]
async fn a_token_is_known_until_it_expires_also_after_a_restart() {
    let store = Opened::new().await;
    let token = ApiKeyHash::of("token");
    let day = Duration::from_secs(24 * 3600);
    store
        .add_token(&token, at(0), at(0).plus(day))
        .await
        .unwrap();
    let store = store.reopened().await;
    assert!(store.has_token(&token, at(1)).await.unwrap());
    assert!(
        !store
            .has_token(&ApiKeyHash::of("other"), at(1))
            .await
            .unwrap()
    );
    assert!(!store.has_token(&token, at(0).plus(day)).await.unwrap());
}

#[tokio::test]
async fn expired_challenges_and_tokens_are_forgotten() {
    let store = Opened::new().await;
    for number in 0..3_i64 {
        let text = number.to_string();
        let (now, end) = (at(number * 10), at(number * 10 + 10));
        store.add_challenge(&text, now, end).await.unwrap();
        store
            .add_token(&ApiKeyHash::of(&text), now, end)
            .await
            .unwrap();
    }
    for table in ["admin_challenges", "admin_tokens"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let left: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut store.raw().await)
            .await
            .unwrap();
        assert_eq!(left, 1, "{table}");
    }
}

#[tokio::test]
async fn a_warm_configuration_takes_the_place_of_the_one_of_its_name() {
    let store = Opened::new().await;
    for one in [
        config("b", "{}", 1),
        config("a/b", "{\"n\":1}", 2),
        config("b", "{\"n\":2}", 3),
    ] {
        store.put_warm_config(&one).await.unwrap();
    }
    let store = store.reopened().await;
    let stored = [config("a/b", "{\"n\":1}", 2), config("b", "{\"n\":2}", 3)];
    assert_eq!(store.warm_configs().await.unwrap(), stored);
    assert!(store.remove_warm_config("b").await.unwrap());
    assert!(!store.remove_warm_config("b").await.unwrap());
    assert_eq!(store.warm_configs().await.unwrap(), stored[..1]);
}

#[tokio::test]
async fn a_row_that_was_damaged_is_told_and_not_skipped() {
    let store = Opened::new().await;
    store.add_key(&key(1, "ci")).await.unwrap();
    sqlx::query("UPDATE api_keys SET id = 'nonsense'")
        .execute(&mut store.raw().await)
        .await
        .unwrap();
    let error = store.keys().await.unwrap_err();
    assert!(error.to_string().contains("restore a backup"), "{error}");
}
