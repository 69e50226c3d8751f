//! Files, rights and versions.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{AdminStore as _, StateStore as _};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use store_sqlite::{OpenError, SqliteSettings, SqliteStore};

use crate::setup::{Opened, change, create, moved, record, shown};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let store = Opened::new().await;
    let (one, two) = (record("one", "s"), record("two", "t"));
    create(&*store, &one).await;
    create(&*store, &two).await;
    let two = change(&*store, moved(&two, Desired::Paused, Phase::Paused)).await;
    let store = store.reopened().await;
    for expected in [one, two] {
        let stored = store.get(&expected.id).await.unwrap().unwrap();
        assert_eq!(shown(&stored), shown(&expected));
        assert_eq!(store.events(&expected.id).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn directory_and_files_are_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("a/b");
    let path = inner.join("test.db");
    let store = SqliteStore::open(SqliteSettings::new(&path)).await.unwrap();
    create(&store, &record("abc", "s")).await;
    assert_eq!(mode(&inner), 0o700);
    let files: Vec<_> = std::fs::read_dir(&inner)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 3, "database, log of writes, lock: {files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_that_others_could_read_is_closed_to_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    std::fs::write(&path, b"").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    SqliteStore::open(SqliteSettings::new(&path))
        .await
        .unwrap()
        .close()
        .await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_closed_store_leaves_no_log_of_writes() {
    let store = Opened::new().await;
    create(&*store, &record("abc", "s")).await;
    let log = store.path().with_extension("db-wal");
    assert!(log.exists(), "it is open");
    store.close().await;
    assert!(!log.exists(), "a copy of the one file is a backup");
}

#[tokio::test]
async fn a_name_that_means_something_to_sqlite_is_a_file_like_any_other() {
    let directory = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:x?mode=memory"] {
        let path = directory.path().join(name);
        let store = SqliteStore::open(SqliteSettings::new(&path)).await.unwrap();
        create(&store, &record("abc", "s")).await;
        store.close().await;
        assert!(std::fs::metadata(&path).unwrap().len() > 0, "{name}");
    }
}

#[tokio::test]
async fn writes_are_logged_ahead() {
    let store = Opened::new().await;
    assert_eq!(
        store
            .number("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut other = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE theirs (a)")
        .execute(&mut other)
        .await
        .unwrap();
    let error = SqliteStore::open(SqliteSettings::new(&path))
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_path_that_cannot_be_created_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, b"not a directory").unwrap();
    for path in [file.join("test.db"), directory.path().to_owned()] {
        let error = SqliteStore::open(SqliteSettings::new(&path))
            .await
            .unwrap_err();
        assert!(matches!(error, OpenError::Create { .. }), "{error:?}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_store_that_was_dropped_can_be_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = SqliteStore::open(SqliteSettings::new(&path)).await.unwrap();
    create(&store, &record("abc", "s")).await;
    drop(store);
    // The writer lets go in the background.
    let mut tries = 0;
    let store = loop {
        match SqliteStore::open(SqliteSettings::new(&path)).await {
            Ok(store) => break store,
            Err(OpenError::InUse { .. }) if tries < 10_000 => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
        tries += 1;
    };
    assert!(store.get(&"abc".parse().unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_with_what_it_holds() {
    let store = Opened::new().await;
    create(&*store, &record("abc", "s")).await;
    store.close().await;
    // What the first version did not have.
    let mut raw = store.raw().await;
    for sql in [
        "DROP TABLE api_keys",
        "DROP TABLE admin_challenges",
        "DROP TABLE admin_tokens",
        "DROP TABLE warm_configs",
        "DELETE FROM _sqlx_migrations WHERE version = 2",
    ] {
        sqlx::query(sql).execute(&mut raw).await.unwrap();
    }
    sqlx::Connection::close(raw).await.unwrap();
    let store = store.reopened().await;
    let id = "abc".parse().unwrap();
    assert!(store.get(&id).await.unwrap().is_some());
    assert!(store.keys().await.unwrap().is_empty());
}
