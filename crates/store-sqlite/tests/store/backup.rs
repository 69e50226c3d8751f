//! Copies of the database.

use std::fs;

use runtime_core::StateStore as _;
use store_sqlite::{SqliteSettings, SqliteStore, backup};

use crate::setup::Opened;

#[tokio::test]
async fn a_copy_is_a_whole_database_and_the_store_goes_on() {
    let store = Opened::new().await;
    let (installation, _) = store.installation().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("copy.db");
    backup(&store.path(), &to).await.unwrap();
    store.installation().await.unwrap();
    let copy = SqliteStore::open(SqliteSettings::new(to)).await.unwrap();
    assert_eq!(copy.installation().await.unwrap().0, installation);
    copy.close().await;
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_half_done_stays() {
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("copy.db");
    backup(&home.path().join("missing.db"), &to)
        .await
        .unwrap_err();
    assert!(!to.exists());
    fs::write(&to, "mine").unwrap();
    let store = Opened::new().await;
    backup(&store.path(), &to).await.unwrap_err();
    assert_eq!(fs::read_to_string(&to).unwrap(), "mine");
}
