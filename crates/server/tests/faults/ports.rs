//! Ports that somebody else has when a sandbox needs them.

use std::net::TcpListener;

use crate::support::runtime::Runtime;
use crate::support::server::{Server, Setup};
use crate::support::socket::authority;

/// The port that the sandbox's program was told to listen on.
async fn agent_port(server: &Server, runtime: &Runtime) -> u16 {
    let args = server.ask(runtime, "/args").await.expect(200);
    args[4].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_gateway_port_that_is_taken_at_a_restart_is_told_and_waited_for() {
    let mut server = Server::start().await;
    let running = server.running("s").await;
    let other = server.running("other").await;
    assert!(server.terminate().await.success());
    let taken = TcpListener::bind(authority(running.url())).unwrap();
    server.restart().await;

    let trouble = server
        .wait_until(running.id(), "the trouble", |now| {
            assert_ne!(now.status(), "error", "{now:?}");
            !now.detail().is_empty()
        })
        .await;
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(trouble.detail().contains(&port), "{trouble:?}");
    assert_eq!(trouble.identity(), running.identity());
    assert_eq!(server.ask(&other, "/alive").await.status, 200);

    drop(taken);
    let well = server
        .wait_until(running.id(), "no more trouble", |now| {
            now.status() == "running" && now.detail().is_empty()
        })
        .await;
    assert_eq!(well.url(), running.url());
    assert_eq!(server.ask(&well, "/alive").await.status, 200);
    server.finish().await;
}

#[tokio::test]
async fn an_agent_port_that_is_taken_at_a_resume_is_another_one_then() {
    // Enough for two boots, so that the old port is soon wanted again.
    let server = Server::with(Setup {
        local_ports: Some(8),
        ..Setup::default()
    })
    .await;
    let running = server.running("s").await;
    let old = agent_port(&server, &running).await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    let _taken = TcpListener::bind(("127.0.0.1", old)).unwrap();
    for _ in 0..4 {
        server.intend("/resume", running.id()).await;
        let again = server.wait_for(running.id(), "running").await;
        assert_eq!(again.identity(), running.identity());
        assert_eq!(again.restarts(), 0, "{again:?}");
        assert_ne!(agent_port(&server, &again).await, old);
        server.intend("/pause", running.id()).await;
        server.wait_gone(running.id()).await;
    }
    server.finish().await;
}

#[tokio::test]
async fn a_used_up_range_of_agent_ports_is_told_and_waited_for() {
    let server = Server::with(Setup {
        local_ports: Some(4),
        ..Setup::default()
    })
    .await;
    let first = server.running("s1").await;
    let second = server.start_session("s2").await;
    let waiting = server
        .wait_until(second.id(), "the reason", |now| {
            assert_ne!(now.status(), "running");
            now.detail().contains("local.ports")
        })
        .await;
    assert_eq!(waiting.status(), "starting");
    server.intend("/stop", first.id()).await;
    server.wait_for(second.id(), "running").await;
    server.finish().await;
}
