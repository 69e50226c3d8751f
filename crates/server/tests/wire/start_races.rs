//! Starts that nobody waits for, and intents that overtake each other.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::KEY;
use crate::support::socket::Raw;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn t47_a_client_that_goes_away_leaves_a_sandbox_or_nothing() {
    let server = Server::start().await;
    for session in 0..20 {
        let body = json!({"image": "tiny", "session_id": format!("s{session}")}).to_string();
        let request = format!(
            "POST /start HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut client = Raw::connect(server.url()).await;
        client.send(request.as_bytes()).await;
        // From at once to after the whole handling.
        tokio::time::sleep(Duration::from_micros(300 * session)).await;
    }
    until("every sandbox to run, and no others", SOON, async || {
        let list = server.list().await;
        let running = list.iter().filter(|runtime| runtime.status() == "running");
        let known: BTreeSet<_> = list.iter().map(Runtime::id).collect();
        let processes = server.processes();
        let strays: Vec<_> = processes
            .iter()
            .filter(|process| {
                process
                    .sandbox
                    .as_deref()
                    .is_some_and(|id| !known.contains(id))
            })
            .collect();
        if running.count() == list.len() && strays.is_empty() {
            Ok(())
        } else {
            Err(format!("{list:?}, {strays:?}"))
        }
    })
    .await;
    server.finish().await;
}

/// The last intent wins, whatever came before and however fast.
#[tokio::test]
async fn intents_that_overtake_each_other_end_with_the_last() {
    let server = Server::start().await;
    for (round, last) in ["/stop", "/pause", "/resume"].into_iter().enumerate() {
        let session = format!("s{round}");
        let started = server
            .start_with(json!({"image": "tiny", "session_id": session,
                "command": ["tiny", "--delay-ms", "200"]}))
            .await;
        for _ in 0..5 {
            server.intend("/pause", started.id()).await;
            server.intend("/resume", started.id()).await;
        }
        server.intend(last, started.id()).await;
        let status = match last {
            "/stop" => "stopped",
            "/pause" => "paused",
            _ => "running",
        };
        let ended = server.wait_for(started.id(), status).await;
        assert_eq!(ended.identity(), started.identity());
        if status == "running" {
            assert_eq!(server.ask(&ended, "/alive").await.status, 200);
        } else {
            server.wait_gone(started.id()).await;
        }
        assert_eq!(server.runtime(started.id()).await.status(), status);
    }
    server.finish().await;
}
