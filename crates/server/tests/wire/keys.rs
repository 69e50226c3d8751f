//! The keys of the API.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::server::Server;
use crate::support::setup::{KEY, Keys, OTHER_KEY, Setup};

#[tokio::test]
async fn each_of_several_keys_opens_everything() {
    let server = Server::start().await;
    for key in [KEY, OTHER_KEY] {
        let reply = server
            .call_with("GET", "/list", &[("X-API-Key", key)], "")
            .await;
        assert_eq!(reply.status, 200);
    }
    server.finish().await;
}

#[tokio::test]
async fn without_a_key_the_first_run_makes_one_and_keeps_it() {
    let mut server = Server::with(Setup {
        keys: Keys::Made,
        ..Setup::default()
    })
    .await;
    let file = server.data().join("api-key");
    let key = fs::read_to_string(&file).unwrap();
    assert!(key.trim().len() >= 43, "a short key");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.log().contains(file.to_str().unwrap()));
    server.get("/list").await.expect(200);
    let reply = server
        .call_with("GET", "/list", &[("X-API-Key", KEY)], "")
        .await;
    reply.refusal(401);

    assert!(server.terminate().await.success());
    server.restart().await;
    assert_eq!(fs::read_to_string(&file).unwrap(), key);
    server.get("/list").await.expect(200);
    server.finish().await;
}

/// Nothing that the server keeps can be read by others.
#[tokio::test]
async fn what_is_kept_is_kept_from_others() {
    let server = Server::start().await;
    server.running("s").await;
    let mode = fs::metadata(server.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    for name in ["pinfold.db", "pinfold.db-wal"] {
        let mode = fs::metadata(server.data().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    server.finish().await;
}

/// Any user of the machine may look at command lines.
#[tokio::test]
async fn no_command_line_shows_a_key() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let secret = server.ask(&running, "/env/OH_SECRET_KEY").await.text();
    let processes = server.processes();
    assert!(processes.len() >= 2, "{processes:?}");
    for process in processes {
        for key in [running.key(), &secret, KEY] {
            assert!(!process.command.contains(key), "{}", process.pid);
        }
    }
    server.finish().await;
}
