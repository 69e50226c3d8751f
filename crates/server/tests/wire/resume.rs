//! `POST /resume`.

use serde_json::json;

use crate::support::server::Server;

#[tokio::test]
async fn t19_a_resume_of_a_running_sandbox_changes_nothing() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let pid = server.ask(&running, "/pid").await.text();
    let resumed = server.intend("/resume", running.id()).await;
    assert_eq!(resumed.identity(), running.identity());
    assert_eq!(resumed.status(), "running");
    assert_eq!(resumed.restarts(), 0);
    assert_eq!(server.ask(&running, "/pid").await.text(), pid);
    server.finish().await;
}

/// Contract §9.5.
#[tokio::test]
async fn t41_a_resumed_sandbox_has_its_command_environment_and_keys() {
    let server = Server::start().await;
    let started = server
        .start_with(
            json!({"image": "tiny", "session_id": "s", "command": ["tiny", "--mine"],
            "environment": {"MINE": "$(kept)"}}),
        )
        .await;
    let running = server.wait_for(started.id(), "running").await;
    let mut before = Vec::new();
    for name in [
        "MINE",
        "OH_SECRET_KEY",
        "OH_SESSION_API_KEYS_0",
        "RUNTIME_URL",
    ] {
        before.push((
            name,
            server.ask(&running, &format!("/env/{name}")).await.text(),
        ));
    }
    server.intend("/pause", running.id()).await;
    let resumed = server.intend("/resume", running.id()).await;
    assert_eq!(resumed.identity(), running.identity());
    let again = server.wait_for(running.id(), "running").await;
    for (name, value) in before {
        assert_eq!(
            server.ask(&again, &format!("/env/{name}")).await.text(),
            value,
            "{name}"
        );
    }
    assert!(server.ask(&again, "/args").await.text().contains("--mine"));
    assert_eq!(again.restarts(), 0, "a resume is no restart");
    server.finish().await;
}

#[tokio::test]
async fn nothing_cannot_be_resumed() {
    let server = Server::start().await;
    for body in [json!({"runtime_id": null}), json!({})] {
        server.post("/resume", body).await.refusal(404);
    }
    server.finish().await;
}

/// Contract §5.1 rule 5.
#[tokio::test]
async fn a_resume_shows_no_state_but_starting_and_running() {
    let server = Server::start().await;
    let running = server.running_with("s", &["--delay-ms", "500"]).await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    server.intend("/resume", running.id()).await;
    server
        .wait_until(running.id(), "running", |runtime| {
            assert!(
                ["starting", "running"].contains(&runtime.status()),
                "{runtime:?}"
            );
            runtime.status() == "running"
        })
        .await;
    server.finish().await;
}
