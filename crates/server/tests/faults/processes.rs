//! The processes of a sandbox, killed from outside: it heals, or was healed by the time that the server is back.

use serde_json::json;

use crate::support::processes::{group, is_alive, kill, kill_group, parent};
use crate::support::runtime::Runtime;
use crate::support::server::Server;

/// A sandbox with a file in its workspace, its program's process and the shim's.
async fn victim(server: &Server) -> (Runtime, u32, u32) {
    let running = server.running("s").await;
    server.exec(&running, "echo work > file").await;
    let program = server.pid_of(&running).await;
    (running, program, parent(program))
}

/// It runs again under its old name, in a new process, with its files; nothing of the old boot is left.
async fn must_heal(server: &Server, before: &Runtime, old: &[u32]) -> Runtime {
    let healed = server
        .wait_until(before.id(), "running again", |now| {
            assert!(["starting", "running"].contains(&now.status()), "{now:?}");
            now.status() == "running" && now.restarts() == 1
        })
        .await;
    assert_eq!(healed.identity(), before.identity());
    for pid in old {
        assert!(!is_alive(*pid), "{pid} of the old boot is there");
    }
    let now = server.pid_of(&healed).await;
    assert!(!old.contains(&now));
    assert!(server.exec(&healed, "cat file").await.starts_with("work\n"));
    healed
}

#[tokio::test]
async fn a_killed_program_is_started_again() {
    let server = Server::start().await;
    let (running, program, shim) = victim(&server).await;
    kill(program);
    let healed = must_heal(&server, &running, &[program, shim]).await;
    assert_eq!(healed.0["last_termination_exit_code"], 137);
    assert_eq!(healed.0["restart_reasons"], json!(["Error"]));
    server.finish().await;
}

#[tokio::test]
async fn a_killed_shim_takes_its_program_with_it_and_both_are_started_again() {
    let server = Server::start().await;
    let (running, program, shim) = victim(&server).await;
    kill(shim);
    let healed = must_heal(&server, &running, &[program, shim]).await;
    assert_eq!(healed.0["restart_reasons"], json!(["SupervisorLost"]));
    server.finish().await;
}

#[tokio::test]
async fn a_killed_process_group_is_started_again() {
    let server = Server::start().await;
    let (running, program, shim) = victim(&server).await;
    for group in [group(program), group(shim)] {
        kill_group(group);
    }
    must_heal(&server, &running, &[program, shim]).await;
    server.finish().await;
}

/// The same while the server is away.
#[tokio::test]
async fn what_was_killed_while_the_server_was_away_is_started_again() {
    for killed in ["program", "shim", "both"] {
        let mut server = Server::start().await;
        let (running, program, shim) = victim(&server).await;
        server.kill9();
        if killed != "program" {
            kill(shim);
        }
        if killed != "shim" {
            kill(program);
        }
        server.restart().await;
        let healed = must_heal(&server, &running, &[program, shim]).await;
        if killed == "program" {
            assert_eq!(healed.0["last_termination_exit_code"], 137);
        }
        server.finish().await;
    }
}

/// Neither group nor session tells whose it is.
#[tokio::test]
async fn a_daemon_of_a_killed_shim_does_not_outlive_its_boot() {
    let server = Server::start().await;
    let (running, program, shim) = victim(&server).await;
    let daemon = server.ask(&running, "/spawn-daemon").await.text();
    let daemon: u32 = daemon.parse().unwrap();
    kill(shim);
    must_heal(&server, &running, &[program, shim, daemon]).await;
    server.finish().await;
}
