//! Starts that are refused, and say why: nothing is created by them.

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::setup::Setup;

/// Refused with this status and a sentence that has these words; the session stays unknown.
async fn must_refuse(server: &Server, body: Value, status: u16, words: &[&str]) {
    let reply = server.post("/start", body.clone()).await;
    let sentence = reply.refusal(status);
    for word in words {
        assert!(sentence.contains(word), "{body}: {sentence}");
    }
    if let Some(session) = body["session_id"]
        .as_str()
        .filter(|id| id.is_ascii() && !id.contains(['\n', ' ']))
    {
        server
            .get(&format!("/sessions/{session}"))
            .await
            .refusal(404);
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let server = Server::start().await;
    for (body, field) in [
        (json!({"session_id": "s"}), "image"),
        (json!({"image": null, "session_id": "s"}), "image"),
        (json!({"image": "", "session_id": "s"}), "image"),
        (json!({"image": 7, "session_id": "s"}), "image"),
        (json!({"image": "tiny", "session_id": 7}), "session_id"),
        (
            json!({"image": "tiny", "session_id": "s", "command": {"a": 1}}),
            "command",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "command": [1]}),
            "command",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "environment": ["A=b"]}),
            "environment",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "environment": {"A": {"b": 1}}}),
            "environment",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "environment": {"A=B": "c"}}),
            "environment",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "working_dir": 1}),
            "working_dir",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "run_as_user": "root"}),
            "run_as_user",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "run_as_user": -1}),
            "run_as_user",
        ),
        (
            json!({"image": "tiny", "session_id": "s", "image_pull_policy": "Sometimes"}),
            "image_pull_policy",
        ),
    ] {
        let reply = server.post("/start", body.clone()).await;
        let sentence = reply.refusal(if reply.status == 422 { 422 } else { 400 });
        assert!(sentence.contains(field), "{body}: {sentence}");
    }
    assert!(server.list().await.is_empty());
    server.get("/sessions/s").await.refusal(404);
    assert!(server.processes().is_empty());
    server.finish().await;
}

#[tokio::test]
async fn a_session_id_of_256_bytes_or_with_control_characters_is_refused() {
    let server = Server::start().await;
    for session in [
        "é".repeat(128),
        "a".repeat(256),
        "a\nb".to_owned(),
        "a\u{7f}".to_owned(),
    ] {
        let body = json!({"image": "tiny", "session_id": session});
        let sentence = server.post("/start", body).await.refusal(400);
        assert!(sentence.contains("session"), "{sentence}");
    }
    assert!(server.list().await.is_empty());
    server.finish().await;
}

#[tokio::test]
async fn an_image_without_a_program_is_refused_with_the_settings_name() {
    let server = Server::start().await;
    let body = json!({"image": "ghcr.io/someone/else:1", "session_id": "s"});
    must_refuse(
        &server,
        body,
        400,
        &["ghcr.io/someone/else:1", "local.images"],
    )
    .await;
    server.finish().await;
}

#[tokio::test]
async fn a_missing_program_is_told_in_the_status_detail() {
    let server = Server::start().await;
    let reply = server
        .post("/start", json!({"image": "missing", "session_id": "s"}))
        .await;
    if reply.status == 400 {
        assert!(reply.refusal(400).contains("/nowhere/no-such-program"));
    } else {
        let id = reply.expect(201)["runtime_id"].as_str().unwrap().to_owned();
        server
            .wait_until(&id, "a detail that names the program", |runtime| {
                runtime.detail().contains("/nowhere/no-such-program")
            })
            .await;
    }
    server.finish().await;
}

#[tokio::test]
async fn more_live_sandboxes_than_allowed_are_refused_until_one_goes() {
    let server = Server::with(Setup {
        extra: "[limits]\nmax_live = 2\n".to_owned(),
        ..Setup::default()
    })
    .await;
    let first = server.running("s1").await;
    let second = server.running("s2").await;
    let reply = server
        .post("/start", json!({"image": "tiny", "session_id": "s3"}))
        .await;
    let sentence = reply.refusal(429);
    assert!(
        sentence.contains('2') && sentence.contains("limits.max_live"),
        "{sentence}"
    );
    assert!(reply.header("retry-after").is_some());
    server.get("/sessions/s3").await.refusal(404);
    // A session that has its place keeps it.
    assert_eq!(server.start_session("s1").await.id(), first.id());

    server.intend("/pause", first.id()).await;
    server.running("s3").await;
    let resume = server
        .post("/resume", json!({"runtime_id": first.id()}))
        .await;
    resume.refusal(429);
    assert_eq!(server.runtime(first.id()).await.status(), "paused");
    server.intend("/stop", second.id()).await;
    server.intend("/resume", first.id()).await;
    server.wait_for(first.id(), "running").await;
    server.finish().await;
}

#[tokio::test]
async fn the_limit_holds_for_starts_at_once() {
    let server = Server::with(Setup {
        extra: "[limits]\nmax_live = 5\n".to_owned(),
        // One that is refused had its addresses for a moment.
        ports: 249,
        ..Setup::default()
    })
    .await;
    let starts = (0..50).map(async |number| {
        let body = json!({"image": "tiny", "session_id": format!("s{number}")});
        server.post("/start", body).await.status
    });
    let statuses = futures::future::join_all(starts).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 45);
    assert_eq!(server.list().await.len(), 5);
    server.finish().await;
}

#[tokio::test]
async fn a_used_up_port_range_is_told_with_the_settings_name() {
    // One sandbox takes four ports.
    let server = Server::with(Setup {
        gateway_ports: Some(4),
        ..Setup::default()
    })
    .await;
    let first = server.running("s1").await;
    let reply = server
        .post("/start", json!({"image": "tiny", "session_id": "s2"}))
        .await;
    let sentence = reply.refusal(503);
    assert!(sentence.contains("gateway.ports"), "{sentence}");
    server.get("/sessions/s2").await.refusal(404);
    server.intend("/stop", first.id()).await;
    server.wait_gone(first.id()).await;
    crate::support::wait::until(
        "the ports to come back",
        crate::support::wait::SOON,
        async || {
            let body = json!({"image": "tiny", "session_id": "s2"});
            let reply = server.post("/start", body).await;
            if reply.status == 201 {
                Ok(())
            } else {
                Err(reply.text())
            }
        },
    )
    .await;
    server.finish().await;
}
