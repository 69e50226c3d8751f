//! `POST /stop`.

use serde_json::json;

use crate::support::processes::is_alive;
use crate::support::server::Server;
use crate::support::wait::{SOON, until};

/// And what a stop deletes.
#[tokio::test]
async fn a_stop_ends_the_sandbox_and_deletes_its_workspace() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let pid: u32 = server.pid_of(&running).await;
    let cwd = server.ask(&running, "/cwd").await.text();
    server.exec(&running, "echo work > file").await;

    let stopped = server.intend("/stop", running.id()).await;
    assert_eq!(stopped.status(), "stopped");
    assert_eq!(stopped.pod_status(), "not found");
    assert_eq!(stopped.identity(), running.identity());
    server.wait_gone(running.id()).await;
    assert!(!is_alive(pid));
    until("the workspace to go", SOON, async || {
        if std::path::Path::new(&cwd).exists() {
            Err(format!("{cwd} exists"))
        } else {
            Ok(())
        }
    })
    .await;

    for path in [
        format!("/runtime/{}", running.id()),
        "/sessions/s".to_owned(),
    ] {
        assert_eq!(server.get(&path).await.expect(200)["status"], "stopped");
    }
    assert_eq!(
        server.intend("/stop", running.id()).await.status(),
        "stopped"
    );
    assert!(server.list().await.is_empty());
    // What was stopped stays stopped.
    for path in ["/pause", "/resume"] {
        server
            .post(path, json!({"runtime_id": running.id()}))
            .await
            .refusal(404);
    }
    server.finish().await;
}

/// V0's `close()` after a failed start.
#[tokio::test]
async fn t21_a_stop_or_pause_of_nothing_is_harmless() {
    let server = Server::start().await;
    for path in ["/stop", "/pause"] {
        for body in [
            json!({"runtime_id": null}),
            json!({}),
            json!({"runtime_id": ""}),
        ] {
            assert_eq!(
                server.post(path, body.clone()).await.status,
                200,
                "{path} {body}"
            );
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let server = Server::start().await;
    for path in ["/stop", "/pause", "/resume"] {
        for id in ["qhzvtbkwmaxeoyrd", "no/such", "é", "x".repeat(300).as_str()] {
            server
                .post(path, json!({"runtime_id": id}))
                .await
                .refusal(404);
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn a_starting_sandbox_can_be_stopped() {
    let server = Server::start().await;
    let body =
        json!({"image": "tiny", "session_id": "s", "command": ["tiny", "--delay-ms", "600000"]});
    let started = server.start_with(body).await;
    assert_eq!(started.status(), "starting");
    assert_eq!(
        server.intend("/stop", started.id()).await.status(),
        "stopped"
    );
    server.wait_gone(started.id()).await;
    server.finish().await;
}

#[tokio::test]
async fn a_paused_sandbox_can_be_stopped() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let cwd = server.ask(&running, "/cwd").await.text();
    server.intend("/pause", running.id()).await;
    assert_eq!(
        server.intend("/stop", running.id()).await.status(),
        "stopped"
    );
    until("the workspace to go", SOON, async || {
        if std::path::Path::new(&cwd).exists() {
            Err(format!("{cwd} exists"))
        } else {
            Ok(())
        }
    })
    .await;
    server.finish().await;
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed() {
    let server = Server::start().await;
    let started = server
        .start_with(json!({"image": "stubborn", "session_id": "s"}))
        .await;
    let running = server.wait_for(started.id(), "running").await;
    let pid: u32 = server.pid_of(&running).await;
    assert_eq!(
        server.intend("/stop", running.id()).await.status(),
        "stopped"
    );
    server.wait_gone(running.id()).await;
    assert!(!is_alive(pid));
    server.finish().await;
}

#[tokio::test]
async fn a_process_that_left_its_group_and_session_goes_too() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let daemon: u32 = server
        .ask(&running, "/spawn-daemon")
        .await
        .text()
        .parse()
        .unwrap();
    assert!(is_alive(daemon));
    server.intend("/stop", running.id()).await;
    until("the daemon to go", SOON, async || {
        if is_alive(daemon) {
            Err("it lives".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
    server.finish().await;
}
