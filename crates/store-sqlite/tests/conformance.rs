//! The suites that every store must pass, on real files.
#![allow(clippy::unwrap_used, reason = "a failed check panics")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use runtime_core::{AdminStore, StateStore};
use store_sqlite::{SqliteSettings, SqliteStore};
use tempfile::TempDir;
use testkit::{Factory, Place};

fn main() -> ExitCode {
    let mut trials = testkit::store::trials(Sqlite);
    trials.extend(testkit::admin::trials(Sqlite));
    testkit::run(trials)
}

/// Stores with a sealing key, each in a directory of its own.
struct Sqlite;

impl Sqlite {
    async fn place(&self) -> File {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path()).await;
        File { directory, store }
    }
}

async fn open(directory: &Path) -> Arc<SqliteStore> {
    let settings = SqliteSettings {
        seal_key: Some("5a".repeat(32).parse().unwrap()),
        ..SqliteSettings::new(directory.join("test.db"))
    };
    Arc::new(SqliteStore::open(settings).await.unwrap())
}

struct File {
    directory: TempDir,
    store: Arc<SqliteStore>,
}

impl File {
    async fn open(&mut self) {
        self.store = open(self.directory.path()).await;
    }

    /// Goes on in a copy of the files as they are now, which is what a killed process leaves. The open store keeps its
    /// own, and ends with them.
    async fn crash(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(self.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        let left = Arc::clone(&self.store);
        self.store = open(copy.path()).await;
        left.close().await;
        self.directory = copy;
    }

    fn bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(self.directory.path()).unwrap();
        files
            .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect()
    }
}

#[async_trait]
impl Factory<dyn StateStore> for Sqlite {
    async fn place(&self) -> Box<dyn Place<dyn StateStore>> {
        Box::new(self.place().await)
    }

    fn shows_sealed_bytes(&self) -> bool {
        true
    }
}

#[async_trait]
impl Factory<dyn AdminStore> for Sqlite {
    async fn place(&self) -> Box<dyn Place<dyn AdminStore>> {
        Box::new(self.place().await)
    }
}

#[async_trait]
impl Place<dyn StateStore> for File {
    fn store(&self) -> Arc<dyn StateStore> {
        self.store.clone()
    }

    async fn close(&mut self) {
        self.store.close().await;
    }

    async fn open(&mut self) {
        self.open().await;
    }

    async fn crash(&mut self) {
        self.crash().await;
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes()
    }
}

#[async_trait]
impl Place<dyn AdminStore> for File {
    fn store(&self) -> Arc<dyn AdminStore> {
        self.store.clone()
    }

    async fn close(&mut self) {
        self.store.close().await;
    }

    async fn open(&mut self) {
        self.open().await;
    }

    async fn crash(&mut self) {
        self.crash().await;
    }
}
