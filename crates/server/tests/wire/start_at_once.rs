//! Many starts at the same time, and starts that nobody waits for.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use serde_json::json;

use crate::support::runtime::Runtime;
use crate::support::server::{KEY, Server, Setup};
use crate::support::socket::Raw;
use crate::support::wait::{SOON, until};

/// T2, and more.
#[tokio::test]
async fn a_thousand_concurrent_starts_of_a_session_make_one_sandbox() {
    let server = Server::start().await;
    let starts = (0..1000).map(|_| server.start_session("s"));
    let started: Vec<Runtime> = join_all(starts).await;
    for one in &started {
        assert_eq!(one.identity(), started[0].identity());
    }
    server.wait_for(started[0].id(), "running").await;
    assert_eq!(server.list().await.len(), 1);
    let boots: BTreeSet<_> = server
        .processes()
        .into_iter()
        .filter_map(|process| process.sandbox)
        .collect();
    assert_eq!(boots.len(), 1, "{boots:?}");
    server.finish().await;
}

#[tokio::test]
async fn two_hundred_sessions_start_at_once_and_all_run() {
    let server = Server::with(Setup {
        ports: 899,
        extra: "[limits]\nmax_live = 0\n".to_owned(),
        ..Setup::default()
    })
    .await;
    let starts = (0..200).map(async |number| {
        let started = server.start_session(&format!("s{number}")).await;
        server.wait_for(started.id(), "running").await
    });
    let running: Vec<Runtime> = join_all(starts).await;
    let count = |field: &str| {
        let values: BTreeSet<_> = running.iter().map(|runtime| runtime.text(field)).collect();
        values.len()
    };
    for field in ["runtime_id", "session_api_key", "url"] {
        assert_eq!(count(field), 200, "{field}");
    }
    let alive: FuturesUnordered<_> = running
        .iter()
        .map(async |runtime| server.ask(runtime, "/env/RUNTIME_ID").await.text() == runtime.id())
        .collect();
    assert_eq!(
        alive.filter(|same| std::future::ready(*same)).count().await,
        200
    );
    assert_eq!(server.list().await.len(), 200);
    server.finish().await;
}

/// T47.
#[tokio::test]
async fn a_client_that_goes_away_leaves_a_sandbox_or_nothing() {
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
