//! A sandbox's directory, removed by hand.

use std::fs;
use std::path::PathBuf;

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::wait::{SOON, until};

async fn workspace(server: &Server, runtime: &Runtime) -> PathBuf {
    let home = PathBuf::from(server.ask(runtime, "/env/HOME").await.text());
    assert!(home.starts_with(server.data()), "{}", home.display());
    home.parent().unwrap().join("workspace")
}

/// It says what happened, nothing of it runs, and the session can go on with a new one.
async fn must_have_failed(server: &Server, lost: &Runtime) {
    let failed = server.wait_for(lost.id(), "error").await;
    assert!(failed.detail().contains("disk"), "{failed:?}");
    server.wait_gone(lost.id()).await;
    let anew = server.running(lost.session()).await;
    assert_ne!(anew.id(), lost.id());
    assert_eq!(server.intend("/stop", lost.id()).await.status(), "stopped");
}

#[tokio::test]
async fn a_workspace_that_is_removed_from_a_running_sandbox_is_a_failure_with_its_reason() {
    let server = Server::start().await;
    let running = server.running("s").await;
    fs::remove_dir_all(workspace(&server, &running).await).unwrap();
    must_have_failed(&server, &running).await;
    server.finish().await;
}

#[tokio::test]
async fn a_workspace_that_is_removed_from_a_paused_sandbox_is_no_empty_one_after_a_resume() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let workspace = workspace(&server, &running).await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    fs::remove_dir_all(workspace).unwrap();
    until("the failure", SOON, async || {
        // Told or found: either way it does not come back as if nothing had been.
        let resume = serde_json::json!({"runtime_id": running.id()});
        server.post("/resume", resume).await.expect(200);
        let now = server.runtime(running.id()).await;
        assert_ne!(now.status(), "running");
        if now.status() == "error" {
            Ok(())
        } else {
            Err(now.0.to_string())
        }
    })
    .await;
    must_have_failed(&server, &running).await;
    server.finish().await;
}

#[tokio::test]
async fn a_directory_that_is_removed_while_the_server_is_away_is_found_missing() {
    let mut server = Server::start().await;
    let running = server.running("s").await;
    let workspace = workspace(&server, &running).await;
    server.kill9();
    fs::remove_dir_all(workspace.parent().unwrap()).unwrap();
    server.restart().await;
    must_have_failed(&server, &running).await;
    server.finish().await;
}
