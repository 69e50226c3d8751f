//! Values that must not be read by others, on the disk and in errors.

use std::path::Path;

use runtime_core::StateStore as _;
use secrecy::ExposeSecret as _;
use store_sqlite::{OpenError, SqliteSettings, SqliteStore};

use crate::setup::{Opened, create, record};

/// With a key of 64 times this digit.
fn settings(path: &Path, digit: Option<char>) -> SqliteSettings {
    SqliteSettings {
        seal_key: digit.map(|digit| digit.to_string().repeat(64).parse().unwrap()),
        ..SqliteSettings::new(path)
    }
}

/// Whether any file of the database holds this text.
fn on_disk(directory: &Path, text: &str) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn with_a_key_the_disk_does_not_show_the_values() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = SqliteStore::open(settings(&path, Some('a'))).await.unwrap();
    create(&store, &record("abc", "s")).await;
    let stored = store.get(&"abc".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(
        stored.sealed.secret_key.expose_secret(),
        "hidden-secret-key"
    );
    assert!(
        on_disk(directory.path(), "TOKEN"),
        "names are part of the spec"
    );
    assert!(!on_disk(directory.path(), "hidden"));
    store.close().await;
    assert!(!on_disk(directory.path(), "hidden"));
}

#[tokio::test]
async fn without_a_key_the_values_are_stored_in_plain_text() {
    let store = Opened::new().await;
    create(&*store, &record("abc", "s")).await;
    assert!(on_disk(store.path().parent().unwrap(), "hidden-value"));
}

#[tokio::test]
async fn another_key_or_none_is_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    SqliteStore::open(settings(&path, Some('a')))
        .await
        .unwrap()
        .close()
        .await;
    for wrong in [Some('b'), None] {
        let error = SqliteStore::open(settings(&path, wrong)).await.unwrap_err();
        assert!(matches!(error, OpenError::WrongSealKey { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains("configure the key that it was made with"),
            "{error}"
        );
    }
    SqliteStore::open(settings(&path, Some('a')))
        .await
        .unwrap()
        .close()
        .await;
}

#[tokio::test]
async fn a_key_that_comes_later_seals_from_then_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = SqliteStore::open(settings(&path, None)).await.unwrap();
    create(&store, &record("old", "s")).await;
    store.close().await;
    let store = SqliteStore::open(settings(&path, Some('a'))).await.unwrap();
    create(&store, &record("new", "t")).await;
    for id in ["old", "new"] {
        let stored = store.get(&id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.sealed.session_key.expose(), "hidden-session-key");
    }
}

#[tokio::test]
async fn a_sealed_part_that_was_moved_to_another_record_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = SqliteStore::open(settings(&path, Some('a'))).await.unwrap();
    create(&store, &record("one", "s")).await;
    create(&store, &record("two", "t")).await;
    let raw = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut raw = sqlx::ConnectOptions::connect(&raw).await.unwrap();
    sqlx::query("UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE sandbox = 1)")
        .execute(&mut raw)
        .await
        .unwrap();
    assert!(store.get(&"one".parse().unwrap()).await.unwrap().is_some());
    let error = store.get(&"two".parse().unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the stored record of sandbox two"
    );
}

#[tokio::test]
async fn nothing_prints_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let settings = settings(&path, Some('a'));
    let key = "a".repeat(64);
    assert!(!format!("{settings:?}").contains(&key));
    let store = SqliteStore::open(settings).await.unwrap();
    create(&store, &record("abc", "s")).await;
    let stored = store.get(&"abc".parse().unwrap()).await.unwrap().unwrap();
    let shown = format!("{store:?}{stored:?}");
    assert!(
        !shown.contains(&key) && !shown.contains("hidden"),
        "{shown}"
    );
}
