//! Disks and files that are not as they should be: a clear sentence each, and nothing acknowledged that is not stored.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures::future::join_all;
use runtime_core::sandbox::{Desired, Phase};
use runtime_core::{Admit, Inserted, StateStore as _, StoreError};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use store_sqlite::{OpenError, SqliteSettings, SqliteStore};
use tempfile::TempDir;

use crate::setup::{change, create, moved, record, shown};

/// A small file system of its own, unmounted at the end.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// None, with the reason printed, where this process may not mount.
    fn mount(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={size}");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(directory.path());
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self { directory }),
            other => {
                eprintln!("skipped: this test needs the right to mount a tmpfs: {other:?}");
                None
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }

    fn ballast(&self) -> PathBuf {
        self.directory.path().join("ballast")
    }

    /// Leaves no free byte.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        while std::io::Write::write_all(&mut ballast, &[1; 4096]).is_ok() {}
    }

    fn remount_read_only(&self) {
        let status = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.directory.path())
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: after a failed test the store may still be open.
        let status = Command::new("umount")
            .arg("-l")
            .arg(self.directory.path())
            .status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.directory.path().display());
        }
    }
}

async fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(SqliteSettings::new(path)).await
}

/// Everything that a person reads about the error, and what SQLite says.
fn told(error: &OpenError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_heals_when_there_is_space() {
    let Some(disk) = SmallDisk::mount("4m") else {
        return;
    };
    let store = open(&disk.path()).await.unwrap();
    let first = record("first", "first");
    create(&store, &first).await;
    disk.fill();

    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    for round in 0..200 {
        let records: Vec<_> = (0..16)
            .map(|number| record(&format!("r{round}-{number}"), &format!("{round} {number}")))
            .collect();
        let inserts = records
            .iter()
            .map(|new| store.insert(new, &[], Admit::Always, None));
        for (new, answer) in records.iter().zip(join_all(inserts).await) {
            match answer {
                Ok(Inserted::Created) => stored.push(new.id.clone()),
                Err(error @ StoreError::Unavailable { .. }) => {
                    assert!(
                        error.to_string().contains("disk is full: free some space"),
                        "{error}"
                    );
                    refused.push(new.id.clone());
                }
                other => panic!("{other:?}"),
            }
        }
        if refused.len() > 64 {
            break;
        }
    }
    assert!(refused.len() > 64, "the disk never got full");
    assert!(store.get(&first.id).await.unwrap().is_some(), "reads go on");
    let error = store
        .update(
            &moved(&first, Desired::Stopped, Phase::Stopping),
            &[],
            Admit::Always,
        )
        .await;
    assert!(
        matches!(error, Err(StoreError::Unavailable { .. })),
        "{error:?}"
    );

    std::fs::remove_file(disk.ballast()).unwrap();
    let first = change(&store, moved(&first, Desired::Paused, Phase::Paused)).await;
    create(&store, &record("later", "later")).await;
    store.close().await;

    let store = open(&disk.path()).await.unwrap();
    assert_eq!(
        shown(&store.get(&first.id).await.unwrap().unwrap()),
        shown(&first)
    );
    for id in &stored {
        assert!(
            store.get(id).await.unwrap().is_some(),
            "{id} was acknowledged"
        );
    }
    for id in &refused {
        assert!(store.get(id).await.unwrap().is_none(), "{id} was refused");
    }
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_at_the_start_is_told() {
    let Some(disk) = SmallDisk::mount("1m") else {
        return;
    };
    disk.fill();
    let error = open(&disk.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::DiskFull { .. }), "{error:?}");
    assert!(
        told(&error).contains("is full: free some space and start again"),
        "{}",
        told(&error)
    );
    std::fs::remove_file(disk.ballast()).unwrap();
    open(&disk.path()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_read_only_database_is_told_at_the_start() {
    let Some(disk) = SmallDisk::mount("4m") else {
        return;
    };
    let store = open(&disk.path()).await.unwrap();
    create(&store, &record("abc", "s")).await;
    store.close().await;
    disk.remount_read_only();
    let error = open(&disk.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
    assert!(
        told(&error).contains("cannot be written: give the server's user the right"),
        "{}",
        told(&error)
    );
    assert!(
        told(&error).contains(&disk.path().display().to_string()),
        "{}",
        told(&error)
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    create(&store, &record("abc", "s")).await;
    store.close().await;
    let mut raw = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'of the future', TRUE, x'00', 0)",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    sqlx::Connection::close(raw).await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open(&path).await.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 9999,
                known: 2,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains(
            "has schema version 9999, and this server knows versions up to 2: start the newer"
        ),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_corrupt_database_is_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole.db");
    let store = open(&whole).await.unwrap();
    join_all((0..200).map(|number| {
        let new = record(&format!("s{number}"), &number.to_string());
        let store = &store;
        async move { create(store, &new).await }
    }))
    .await;
    store.close().await;
    let whole = std::fs::read(&whole).unwrap();

    let no_database = b"this is a letter to my grandmother, and not a database. ".repeat(100);
    let mut overwritten = whole.clone();
    let middle = whole.len() / 2 / 4096 * 4096;
    overwritten[middle..middle + 3 * 4096].fill(0xa5);
    let cut = whole[..whole.len() / 2].to_vec();
    for (what, bytes) in [
        ("no database", no_database),
        ("overwritten", overwritten),
        ("cut", cut),
    ] {
        let path = directory.path().join("test.db");
        std::fs::write(&path, &bytes).unwrap();
        let error = open(&path).await.unwrap_err();
        assert!(
            matches!(error, OpenError::Corrupt { .. }),
            "{what}: {error:?}"
        );
        assert!(
            told(&error).contains("is not a database or is damaged: restore a backup"),
            "{what}: {}",
            told(&error)
        );
        assert_eq!(
            std::fs::read(&path).unwrap(),
            bytes,
            "{what}: evidence is left as it is"
        );
    }
}

#[tokio::test]
async fn damage_while_it_is_open_is_an_error_and_no_panic() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    create(&store, &record("abc", "s")).await;
    let mut raw = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    for sql in [
        "UPDATE sandboxes SET state = '{}'",
        "UPDATE sandboxes SET format = 2",
    ] {
        sqlx::query(sql).execute(&mut raw).await.unwrap();
        let error = store.get(&"abc".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
    }
    sqlx::query("DROP TABLE events")
        .execute(&mut raw)
        .await
        .unwrap();
    let error = store
        .insert(&record("def", "t"), &[], Admit::Always, None)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(store.get(&"def".parse().unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    let error = open(&path).await.unwrap_err();
    let process = std::process::id();
    assert!(
        matches!(error, OpenError::InUse { holder: Some(holder), .. } if holder == process),
        "{error:?}"
    );
    assert!(
        error.to_string().contains(&format!(
            "is in use by another server (process {process}): stop that one first"
        )),
        "{error}"
    );
    create(&store, &record("abc", "s")).await;
    store.close().await;
    open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_program_that_holds_the_database_is_told_and_waited_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    let mut raw = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut raw)
        .await
        .unwrap();
    let error = store
        .insert(&record("abc", "s"), &[], Admit::Always, None)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("another program holds the database"),
        "{error}"
    );
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
    create(&store, &record("abc", "s")).await;
}

#[tokio::test]
async fn a_write_that_is_not_answered_in_time_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let settings = SqliteSettings {
        patience: Duration::from_millis(50),
        ..SqliteSettings::new(&path)
    };
    let store = SqliteStore::open(settings).await.unwrap();
    let mut raw = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut raw)
        .await
        .unwrap();
    let error = store
        .insert(&record("abc", "s"), &[], Admit::Always, None)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did not answer in time: check the load"),
        "{error}"
    );
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
}
