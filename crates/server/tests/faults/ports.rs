//! Ports that somebody else has when a sandbox needs them.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::{Setup, tiny_agent};
use crate::support::socket::authority;
use crate::support::wait::{SOON, until};

/// The port that the sandbox's program was told to listen on.
async fn agent_port(server: &Server, runtime: &Runtime) -> u16 {
    let args = server.ask(runtime, "/args").await.expect(200);
    args[4].as_str().unwrap().parse().unwrap()
}

/// It says which port is not free, and is running again under its old URL once it is.
async fn must_wait_for(server: &Server, before: &Runtime, taken: impl Sized) {
    let port = authority(before.url()).rsplit(':').next().unwrap();
    let trouble = server
        .wait_until(before.id(), "the trouble", |now| {
            assert_ne!(now.status(), "error", "{now:?}");
            now.status() == "starting" && now.detail().contains(port)
        })
        .await;
    assert_eq!(trouble.identity(), before.identity());
    drop(taken);
    let well = server
        .wait_until(before.id(), "no more trouble", |now| {
            now.status() == "running" && now.detail().is_empty()
        })
        .await;
    assert_eq!(well.identity(), before.identity());
    assert_eq!(
        server.ask(&well, "/env/RUNTIME_ID").await.text(),
        before.id()
    );
}

/// Contract §5.1 rule 2: it runs, and nobody can reach it.
#[tokio::test]
async fn a_gateway_port_that_is_taken_at_a_restart_is_told_and_waited_for() {
    let mut server = Server::start().await;
    let running = server.running("s").await;
    let other = server.running("other").await;
    assert!(server.terminate().await.success());
    let taken = TcpListener::bind(authority(running.url())).unwrap();
    server.restart().await;
    assert_eq!(server.ask(&other, "/alive").await.status, 200);
    must_wait_for(&server, &running, taken).await;
    server.finish().await;
}

#[tokio::test]
async fn a_gateway_port_that_is_taken_at_a_resume_is_told_and_waited_for() {
    let mut server = Server::start().await;
    let running = server.running("s").await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    assert!(server.terminate().await.success());
    let taken = TcpListener::bind(authority(running.url())).unwrap();
    server.restart().await;
    server.intend("/resume", running.id()).await;
    must_wait_for(&server, &running, taken).await;
    server.finish().await;
}

/// A program that answers at the sandbox's address as an agent would is not its agent.
#[tokio::test]
async fn a_stranger_at_the_gateway_port_is_not_taken_for_the_sandbox() {
    let mut server = Server::start().await;
    let running = server.running("s").await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    assert!(server.terminate().await.success());
    let port = authority(running.url()).rsplit(':').next().unwrap();
    let stranger = Stranger::listen(port);
    server.restart().await;
    until("the stranger", SOON, async || {
        let reply = server.http.get(&format!("{}/alive", running.url())).await?;
        assert_eq!(reply.status, 200);
        Ok(())
    })
    .await;
    server.intend("/resume", running.id()).await;
    must_wait_for(&server, &running, stranger).await;
    server.finish().await;
}

/// An agent of nobody.
struct Stranger(Child);

impl Stranger {
    fn listen(port: &str) -> Self {
        let child = Command::new(tiny_agent())
            .args(["--port", port])
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
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
