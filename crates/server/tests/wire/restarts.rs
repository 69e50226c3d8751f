//! Programs that end: the sandbox heals, or says why it cannot.

use std::time::Duration;

use serde_json::json;

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::Setup;
use crate::support::wait::until;

/// A crash loop takes a back-off of seconds.
const FAILED: Duration = Duration::from_secs(120);

/// A sandbox whose program ends with this code, again and again, until it has failed.
async fn failed(server: &Server, session: &str, code: i32) -> Runtime {
    let code = code.to_string();
    let started = server
        .start_with(json!({"image": "tiny", "session_id": session,
            "command": ["tiny", "--log-every-ms", "1000", "--exit-after-ms", "50", "--exit-code", code, "--delay-ms", "60000"]}))
        .await;
    until("the sandbox to have failed", FAILED, async || {
        let runtime = server.runtime(started.id()).await;
        if runtime.status() == "error" {
            Ok(runtime)
        } else {
            Err(runtime.0.to_string())
        }
    })
    .await
}

#[tokio::test]
async fn t43_one_crash_heals_and_is_counted() {
    let server = Server::start().await;
    let running = server.running("s").await;
    server.exec(&running, "echo work > file").await;
    server.ask(&running, "/exit?code=7").await;
    let healed = server
        .wait_until(running.id(), "a restart", |runtime| {
            assert!(
                ["starting", "running"].contains(&runtime.status()),
                "{runtime:?}"
            );
            runtime.status() == "running" && runtime.restarts() == 1
        })
        .await;
    let healed = server.wait_for(healed.id(), "running").await;
    assert_eq!(healed.identity(), running.identity());
    assert_eq!(healed.0["restart_reasons"], json!(["Error"]));
    assert_eq!(healed.0["last_termination_exit_code"], 7);
    assert!(server.exec(&healed, "cat file").await.starts_with("work\n"));
    server.finish().await;
}

#[tokio::test]
async fn a_crash_loop_ends_in_an_error_with_code_and_log() {
    let server = Server::start().await;
    let failed = failed(&server, "s", 9).await;
    assert_eq!(failed.0["last_termination_exit_code"], 9);
    assert!(
        failed.text("pod_logs").contains("tick 000001"),
        "{failed:?}"
    );
    assert!(!failed.detail().is_empty());
    server.wait_gone(failed.id()).await;
    // It is in nobody's way: not live, and a stop is a stop.
    assert!(server.list().await.is_empty());
    assert_eq!(
        server.intend("/stop", failed.id()).await.status(),
        "stopped"
    );
    server.finish().await;
}

#[tokio::test]
async fn t46_a_failed_sandbox_spoils_no_page_and_its_session_starts_anew() {
    let server = Server::start().await;
    let well = server.running("well").await;
    let failed = failed(&server, "ill", 1).await;
    assert_eq!(server.list().await.len(), 1);
    let batch = server
        .get("/sessions/batch?ids=well&ids=ill")
        .await
        .expect(200);
    for one in batch.as_array().unwrap() {
        Runtime::checked(one.clone());
    }
    assert_eq!(batch.as_array().unwrap().len(), 2);

    let anew = server.running("ill").await;
    assert_ne!(anew.id(), failed.id());
    assert_eq!(server.runtime(failed.id()).await.status(), "stopped");
    assert_eq!(server.runtime(well.id()).await.restarts(), 0);
    server.finish().await;
}

/// A program that is asked to end and does so with 0 was not asked by us: the sandbox comes back.
#[tokio::test]
async fn an_end_with_code_0_is_an_end() {
    let server = Server::start().await;
    let running = server.running("s").await;
    server.ask(&running, "/exit?code=0").await;
    let healed = server
        .wait_until(running.id(), "a restart", |runtime| runtime.restarts() == 1)
        .await;
    assert_eq!(healed.0["restart_reasons"], json!(["Completed"]));
    server.wait_for(running.id(), "running").await;
    server.finish().await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_has_failed() {
    let server = Server::with(Setup {
        extra: "[policy]\nready_deadline = \"1s\"\nmax_boots = 1\n".to_owned(),
        ..Setup::default()
    })
    .await;
    let started = server
        .start_with(json!({"image": "tiny", "session_id": "s", "command": ["tiny", "--delay-ms", "600000"]}))
        .await;
    let failed = server.wait_for(started.id(), "error").await;
    assert!(!failed.detail().is_empty(), "{failed:?}");
    server.wait_gone(failed.id()).await;
    server.finish().await;
}
