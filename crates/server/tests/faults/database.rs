//! The database: full, read-only, newer, damaged, in use.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde_json::json;
use sqlx::Connection as _;

use super::mount::Mount;
use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::{Setup, refused_start};
use crate::support::wait::{SOON, until};

const DATABASE: &str = "pinfold.db";

/// A directory that a server has used, with one paused sandbox in it.
async fn used(data: &Path) -> Runtime {
    let mut server = Server::with(Setup {
        data: Some(data.to_owned()),
        ..Setup::default()
    })
    .await;
    let running = server.running("s").await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    assert!(server.terminate().await.success());
    running
}

/// The server ends with code 1 and these words, not with a panic.
async fn must_refuse(data: &Path, words: &[&str]) {
    let (status, log) = refused_start(data).await;
    assert_eq!(status.code(), Some(1), "{log}");
    for word in words {
        assert!(log.contains(word), "no {word:?} in: {log}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

/// The same directory serves again, and knows what it knew.
async fn must_serve(data: &Path, known: &Runtime) {
    let server = Server::with(Setup {
        data: Some(data.to_owned()),
        ..Setup::default()
    })
    .await;
    let paused = server.runtime(known.id()).await;
    assert_eq!(paused.status(), "paused");
    assert_eq!(paused.identity(), known.identity());
    server.intend("/stop", known.id()).await;
    server.finish().await;
}

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_store_and_forgets_nothing() {
    let Some(disk) = Mount::small("24m") else {
        return;
    };
    let mut server = Server::with(Setup {
        data: Some(disk.path().join("data")),
        extra: "[limits]\nmax_live = 0\n".to_owned(),
        ports: 249,
        ..Setup::default()
    })
    .await;
    let running = server.running("before").await;
    disk.fill();
    let mut stored = Vec::new();
    let mut sentence = String::new();
    for number in 0..50 {
        let body = json!({"image": "tiny", "session_id": format!("s{number}")});
        let reply = server.post("/start", body).await;
        if reply.status == 201 {
            stored.push(Runtime::checked(reply.json()));
            continue;
        }
        sentence = reply.refusal(503);
        assert!(reply.header("retry-after").is_some());
        break;
    }
    assert!(!sentence.is_empty(), "everything was stored");
    assert!(sentence.contains("disk is full"), "{sentence}");
    assert!(server.log().contains("disk is full"));
    // What is known is still told, and what runs still answers.
    assert_eq!(server.runtime(running.id()).await.status(), "running");
    assert_eq!(server.ask(&running, "/alive").await.status, 200);
    server
        .get(&format!("/sessions/s{}", stored.len()))
        .await
        .refusal(404);

    disk.free();
    until("a start to be stored again", SOON, async || {
        let body = json!({"image": "tiny", "session_id": "after"});
        let reply = server.post("/start", body).await;
        if reply.status == 201 {
            Ok(())
        } else {
            Err(reply.text())
        }
    })
    .await;
    server.kill9();
    server.restart().await;
    for runtime in stored.iter().chain([&running]) {
        let now = server.wait_for(runtime.id(), "running").await;
        assert_eq!(now.identity(), runtime.identity());
    }
    server.finish().await;
}

#[tokio::test]
async fn a_server_on_a_full_disk_says_so() {
    let Some(disk) = Mount::small("24m") else {
        return;
    };
    let data = disk.path().join("data");
    let known = used(&data).await;
    disk.fill();
    let (status, log) = refused_start(&data).await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains("full") || log.contains("No space left"),
        "{log}"
    );
    disk.free();
    must_serve(&data, &known).await;
}

#[tokio::test]
async fn a_read_only_file_system_is_told() {
    let Some(disk) = Mount::small("24m") else {
        return;
    };
    let data = disk.path().join("data");
    used(&data).await;
    disk.protect();
    must_refuse(&data, &["data", "Read-only file system"]).await;
}

#[tokio::test]
async fn a_read_only_database_is_told() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().canonicalize().unwrap().join("data");
    let known = used(&data).await;
    let Some(protected) = Mount::read_only(&data.join(DATABASE)) else {
        return;
    };
    must_refuse(&data, &[DATABASE, "cannot be written"]).await;
    drop(protected);
    must_serve(&data, &known).await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().canonicalize().unwrap().join("data");
    let known = used(&data).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join(DATABASE));
    let mut database = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of tomorrow', TRUE, X'00', 0)",
    )
    .execute(&mut database)
    .await
    .unwrap();
    must_refuse(&data, &[DATABASE, "9999", "newer"]).await;
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 9999")
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    must_serve(&data, &known).await;
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().canonicalize().unwrap().join("data");
    used(&data).await;
    let path = data.join(DATABASE);
    let whole = fs::read(&path).unwrap();
    for (what, from, length) in [
        ("the header", 0, 100),
        ("all pages but the first", 4096, whole.len() - 4096),
        ("everything", 0, whole.len()),
    ] {
        let mut file = fs::File::options().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(from)).unwrap();
        file.write_all(&vec![0xa5; length]).unwrap();
        let damaged = fs::read(&path).unwrap();
        must_refuse(&data, &[DATABASE, "damaged", "backup"]).await;
        assert!(
            fs::read(&path).unwrap() == damaged,
            "{what}: it was changed"
        );
        fs::write(&path, &whole).unwrap();
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let pid = server.pid_of(&running).await;
    let address = fs::read(server.data().join("api.addr")).unwrap();
    must_refuse(
        server.data(),
        &[
            DATABASE,
            "in use by another server",
            &server.pid().to_string(),
        ],
    )
    .await;
    assert_eq!(fs::read(server.data().join("api.addr")).unwrap(), address);
    assert_eq!(server.pid_of(&running).await, pid);
    assert_eq!(server.runtime(running.id()).await.status(), "running");
    server.finish().await;
}
