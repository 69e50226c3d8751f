//! `kill -9` in the middle of writing: what was acknowledged is there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use futures::StreamExt as _;
use futures::stream;
use runtime_core::{Cursor, StateStore as _};
use store_sqlite::{SqliteSettings, SqliteStore};

use crate::setup::{create, record};

const PATH: &str = "STORE_SQLITE_TEST_PATH";
/// Acknowledged writes before each kill.
const WRITES: usize = 200;

/// Not a test of its own: the process that is killed. It prints each id after its acknowledgement.
#[tokio::test]
#[ignore = "the other half of what_was_acknowledged_survives_a_kill"]
async fn writes_until_killed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the test tells its child where to write"
    )]
    let path = std::env::var(PATH).unwrap();
    let store = SqliteStore::open(SqliteSettings::new(path)).await.unwrap();
    let known = store
        .changes(&Cursor::default())
        .await
        .unwrap()
        .changed
        .len();
    let store = &store;
    stream::iter(known..)
        .for_each_concurrent(16, |number| async move {
            let process = std::process::id();
            let new = record(
                &format!("s{process}-{number}"),
                &format!("{process} {number}"),
            );
            create(store, &new).await;
            writeln!(std::io::stdout(), "stored {}", new.id).unwrap();
        })
        .await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let mut acknowledged = Vec::new();
    for _life in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "survival::writes_until_killed",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ids = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split("stored ").nth(1).map(str::to_owned));
        acknowledged.extend(ids.take(WRITES));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(acknowledged.len(), 3 * WRITES);
    let store = SqliteStore::open(SqliteSettings::new(&path)).await.unwrap();
    for id in acknowledged {
        let id = id.parse().unwrap();
        assert!(
            store.get(&id).await.unwrap().is_some(),
            "{id} was acknowledged"
        );
        assert_eq!(store.events(&id).await.unwrap().len(), 1, "{id}");
    }
}
