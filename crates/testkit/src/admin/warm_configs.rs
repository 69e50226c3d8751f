//! Warm configurations.

use runtime_core::{AdminStore, StoredWarmConfig};

use crate::builders::at;

pub(super) fn config(name: &str, document: &str, millis: i64) -> StoredWarmConfig {
    StoredWarmConfig {
        name: name.to_owned(),
        document: document.to_owned(),
        updated_at: at(millis),
    }
}

pub(super) async fn put(store: &dyn AdminStore, config: &StoredWarmConfig) {
    store.put_warm_config(config).await.unwrap();
}

pub(super) async fn all_are_listed_in_the_order_of_their_names_bytes(store: &dyn AdminStore) {
    assert!(store.warm_configs().await.unwrap().is_empty());
    let names = [
        "a", "B", "b", "A", "a-1", "a10", "a2", "\u{e9}", "z", "", " a", "%", "a/b",
    ];
    for name in names {
        put(store, &config(name, "{}", 1)).await;
    }
    let listed = store.warm_configs().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|config| config.name.as_str()).collect();
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

pub(super) async fn one_takes_the_place_of_the_one_of_its_name(store: &dyn AdminStore) {
    let other = config("other", r#"{"count": 1}"#, 1);
    put(store, &other).await;
    put(store, &config("default", r#"{"count": 2}"#, 2)).await;
    let newer = config("default", r#"{"count": 3}"#, 3);
    put(store, &newer).await;
    assert_eq!(store.warm_configs().await.unwrap(), [newer, other]);
}

pub(super) async fn any_text_is_kept_as_it_is(store: &dyn AdminStore) {
    // Spaces, the order of keys and numbers are the caller's: a store does not write JSON anew.
    let long = format!("[\"{}\"]", "x".repeat(1 << 20));
    for document in ["{ \"b\" : 1.0,\n\t\"a\":[] }", "\"\u{1f600}'\\\"\"", &long] {
        let new = config("O'Brien %2F/..", document, 1);
        put(store, &new).await;
        let listed = store.warm_configs().await.unwrap();
        assert!(listed == [new], "{:.200}", format!("{listed:?}"));
    }
}

pub(super) async fn one_is_forgotten_and_no_other(store: &dyn AdminStore) {
    let other = config("Default", "{}", 1);
    put(store, &other).await;
    put(store, &config("default", "{}", 1)).await;
    assert!(store.remove_warm_config("default").await.unwrap());
    assert_eq!(store.warm_configs().await.unwrap(), [other]);
    assert!(!store.remove_warm_config("default").await.unwrap());
}

pub(super) async fn an_unknown_one_is_not_forgotten(store: &dyn AdminStore) {
    let only = config("default", "{}", 1);
    put(store, &only).await;
    for unknown in ["", "defaul", "%", "default "] {
        assert!(
            !store.remove_warm_config(unknown).await.unwrap(),
            "{unknown:?}"
        );
    }
    assert_eq!(store.warm_configs().await.unwrap(), [only]);
}
