//! `POST /pause`.

use serde_json::json;

use crate::support::processes::is_alive;
use crate::support::server::Server;

/// And contract §5.1 rule 4.
#[tokio::test]
async fn a_pause_ends_the_process_and_keeps_the_rest() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let pid: u32 = server.pid_of(&running).await;
    server.exec(&running, "echo work > file").await;
    for _ in 0..2 {
        let paused = server.intend("/pause", running.id()).await;
        assert_eq!(paused.status(), "paused");
        assert_eq!(paused.pod_status(), "not found");
        assert_eq!(paused.identity(), running.identity());
    }
    server.wait_gone(running.id()).await;
    assert!(!is_alive(pid));
    server.intend("/resume", running.id()).await;
    let again = server.wait_for(running.id(), "running").await;
    assert_eq!(again.identity(), running.identity());
    assert!(server.exec(&again, "cat file").await.starts_with("work\n"));
    assert_ne!(server.ask(&again, "/pid").await.text(), pid.to_string());
    server.finish().await;
}

#[tokio::test]
async fn t17_a_paused_sandbox_is_not_live() {
    let server = Server::start().await;
    let first = server.running("s1").await;
    let second = server.running("s2").await;
    assert_eq!(server.list().await.len(), 2);
    server.intend("/pause", first.id()).await;
    let list = server.list().await;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].id(), second.id());
    server.finish().await;
}

#[tokio::test]
async fn a_starting_sandbox_can_be_paused() {
    let server = Server::start().await;
    let body =
        json!({"image": "tiny", "session_id": "s", "command": ["tiny", "--delay-ms", "600000"]});
    let started = server.start_with(body).await;
    assert_eq!(
        server.intend("/pause", started.id()).await.status(),
        "paused"
    );
    server.wait_gone(started.id()).await;
    server.finish().await;
}

/// A resume that comes while the old process is still dying must not meet it.
#[tokio::test]
async fn a_resume_amid_a_slow_pause_gives_a_new_process() {
    let server = Server::start().await;
    let started = server
        .start_with(json!({"image": "stubborn", "session_id": "s"}))
        .await;
    let running = server.wait_for(started.id(), "running").await;
    let old = server.ask(&running, "/pid").await.text();
    server.intend("/pause", running.id()).await;
    server.intend("/resume", running.id()).await;
    let again = server
        .wait_until(running.id(), "running again", |runtime| {
            assert!(
                ["starting", "running"].contains(&runtime.status()),
                "{runtime:?}"
            );
            runtime.status() == "running"
        })
        .await;
    assert_eq!(again.identity(), running.identity());
    let new = server.ask(&again, "/pid").await.text();
    assert_ne!(old, new);
    assert!(
        !is_alive(old.parse().unwrap()),
        "two processes on one workspace"
    );
    server.finish().await;
}
