//! `kill -9` of the server in the middle of everything.

use std::collections::BTreeSet;

use futures::future::join_all;
use hyper::body::Incoming;
use serde_json::json;

use crate::support::http::next_part;
use crate::support::processes::is_alive;
use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::{KEY, Setup};
use crate::support::socket::{Raw, Socket};
use crate::support::wait::{SOON, until};

/// How far the command counts; some four seconds.
const COUNT: u32 = 200;

fn setup() -> Setup {
    Setup {
        // No answer waits for readiness, so that the kill comes when we say.
        extra: "hold = \"0s\"\n".to_owned(),
        local: "grace = \"2s\"\n".to_owned(),
        ports: 99,
        ..Setup::default()
    }
}

/// What there is before the kill.
struct Before {
    /// Ten that run, with their process.
    running: Vec<(Runtime, u32)>,
    starting: Runtime,
    pausing: Runtime,
    stopping: Runtime,
    socket: Socket,
    /// The output of a command in the second of them.
    command: Option<Incoming>,
}

async fn prepare(server: &Server) -> Before {
    let running = (0..10).map(async |number| {
        let session = format!("run{number}");
        let runtime = server
            .running_with(&session, &["--log-every-ms", "10"])
            .await;
        let pid = server.pid_of(&runtime).await;
        (runtime, pid)
    });
    let stubborn = ["pausing", "stopping"].map(async |session| {
        let body = json!({"image": "stubborn", "session_id": session});
        let started = server.start_with(body).await;
        server.wait_for(started.id(), "running").await
    });
    let (running, stubborn) = tokio::join!(join_all(running), join_all(stubborn));
    let [pausing, stopping] = stubborn.try_into().unwrap();

    let mut socket = Socket::connect(&format!("{}/ws", running[0].0.url())).await;
    socket.must_echo("hello").await;
    let script = format!(
        "echo begun; i=0; while [ $i -lt {COUNT} ]; do i=$((i+1)); echo $i >>progress; sleep 0.02; done; \
         echo done >>progress"
    );
    let url = format!("{}/exec", running[1].0.url());
    let headers = [("X-Session-API-Key", running[1].0.key())];
    let response = server.http.open("POST", &url, &headers, script).await;
    let mut command = response.unwrap().into_body();
    assert_eq!(next_part(&mut command).await.unwrap(), "begun\n");

    // This one ends while nobody looks.
    server.ask(&running[2].0, "/exit?code=7&ms=200").await;
    let starting = server
        .start_with(json!({"image": "tiny", "session_id": "starting",
            "command": ["tiny", "--delay-ms", "1500"]}))
        .await;
    Before {
        pausing: server.intend("/pause", pausing.id()).await,
        stopping: server.intend("/stop", stopping.id()).await,
        running,
        starting,
        socket,
        command: Some(command),
    }
}

async fn check(server: &Server, before: &Before) {
    for (runtime, pid) in &before.running {
        let now = server.wait_for(runtime.id(), "running").await;
        assert_eq!(now.identity(), runtime.identity());
        if runtime.session() == "run2" {
            let healed = server
                .wait_until(runtime.id(), "the new boot", |now| {
                    now.status() == "running" && now.restarts() == 1
                })
                .await;
            assert_eq!(healed.0["last_termination_exit_code"], 7, "{healed:?}");
            assert_eq!(server.ask(&healed, "/alive").await.status, 200);
        } else {
            assert_eq!(now.restarts(), 0, "{now:?}");
            assert_eq!(server.pid_of(&now).await, *pid, "{}", runtime.session());
        }
    }
    let starting = server.wait_for(before.starting.id(), "running").await;
    assert_eq!(starting.identity(), before.starting.identity());
    assert_eq!(
        starting.restarts(),
        0,
        "it was adopted, not launched again: {starting:?}"
    );
    for (runtime, status) in [(&before.pausing, "paused"), (&before.stopping, "stopped")] {
        let now = server.runtime(runtime.id()).await;
        assert_eq!(now.status(), status);
        assert_eq!(now.identity(), runtime.identity());
        server.wait_gone(runtime.id()).await;
    }
}

/// The command counted to its end, without a gap.
async fn check_command(server: &Server, runtime: &Runtime) {
    until("the command to end", SOON, async || {
        let last = server.exec(runtime, "tail -n 1 progress").await;
        if last.starts_with("done\n") {
            Ok(())
        } else {
            Err(last)
        }
    })
    .await;
    let progress = server.exec(runtime, "cat progress").await;
    let expected: String = (1..=COUNT).map(|number| format!("{number}\n")).collect();
    assert!(
        progress.starts_with(&format!("{expected}done\n")),
        "{progress}"
    );
}

/// Every line that the program wrote, from the first to one that came after the restart.
async fn check_logs(server: &Server, runtime: &Runtime) {
    let count = |logs: &str| {
        logs.lines()
            .filter(|line| line.starts_with("tick "))
            .count()
    };
    let at_restart = count(&server.logs(runtime.id()).await);
    let logs = until("more lines", SOON, async || {
        let logs = server.logs(runtime.id()).await;
        if count(&logs) > at_restart + 5 {
            Ok(logs)
        } else {
            Err(logs)
        }
    })
    .await;
    let ticks: Vec<&str> = logs
        .lines()
        .filter(|line| line.starts_with("tick "))
        .collect();
    // The last line may be half.
    for (number, tick) in ticks[..ticks.len() - 1].iter().enumerate() {
        assert_eq!(*tick, format!("tick {:06}", number + 1));
    }
}

/// Whatever runs has a record that wants it, and whatever is said to run does.
async fn check_no_strays(server: &Server) {
    let list = server.list().await;
    let known: BTreeSet<&str> = list.iter().map(Runtime::id).collect();
    for process in server.processes() {
        let sandbox = process.sandbox.as_deref();
        assert!(sandbox.is_some_and(|id| known.contains(id)), "{process:?}");
    }
    for runtime in &list {
        assert_eq!(runtime.status(), "running");
        assert_eq!(server.ask(runtime, "/alive").await.status, 200);
    }
}

async fn round() {
    let mut server = Server::with(setup()).await;
    let mut before = prepare(&server).await;
    server.kill9();
    // The gateway was part of it.
    assert_eq!(before.socket.hear().await, None);
    before.command = None;
    let ended = before.running[2].1;
    until("the program to end by itself", SOON, async || {
        if is_alive(ended) {
            Err("it runs".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
    server.restart().await;

    check(&server, &before).await;
    check_command(&server, &before.running[1].0).await;
    check_logs(&server, &before.running[3].0).await;
    check_no_strays(&server).await;
    let mut socket = Socket::connect(&format!("{}/ws", before.running[0].0.url())).await;
    socket.must_echo("again").await;
    server.finish().await;
}

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_ten_times() {
    for number in 1..=10 {
        eprintln!("round {number}");
        round().await;
    }
}

/// The kill comes at another moment of the starts each time: what was acknowledged is there, nothing else runs.
#[tokio::test]
async fn a_kill_amid_starts_leaves_all_or_nothing_of_each() {
    let mut server = Server::with(setup()).await;
    for number in 0..10 {
        let body = |one: usize| {
            json!({"image": "tiny", "session_id": format!("s{number}-{one}")}).to_string()
        };
        let mut clients = Vec::new();
        for one in 0..3 {
            let body = body(one);
            let request = format!(
                "POST /start HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n\
                 {body}",
                body.len()
            );
            let mut client = Raw::connect(server.url()).await;
            client.send(request.as_bytes()).await;
            clients.push(client);
        }
        tokio::time::sleep(std::time::Duration::from_millis(3 * number)).await;
        server.kill9();
        let mut acknowledged = Vec::new();
        for client in &mut clients {
            let answer = client.read_all().await;
            if answer.starts_with("HTTP/1.1 201") && answer.ends_with('}') {
                let (_, body) = answer.split_once("\r\n\r\n").unwrap();
                acknowledged.push(Runtime::checked(serde_json::from_str(body).unwrap()));
            }
        }
        server.restart().await;
        for runtime in acknowledged {
            let now = server.wait_for(runtime.id(), "running").await;
            assert_eq!(now.identity(), runtime.identity());
        }
        let list = server.list().await;
        for runtime in &list {
            server.wait_for(runtime.id(), "running").await;
        }
        check_no_strays(&server).await;
    }
    server.finish().await;
}

/// T25.
#[tokio::test]
async fn a_paused_sandbox_is_paused_after_a_restart_and_keeps_its_files() {
    let mut server = Server::with(setup()).await;
    let running = server.running("s").await;
    server.exec(&running, "echo work > file").await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    server.kill9();
    server.restart().await;
    assert_eq!(server.runtime(running.id()).await.status(), "paused");
    assert!(server.processes().is_empty());
    server.intend("/resume", running.id()).await;
    let again = server.wait_for(running.id(), "running").await;
    assert_eq!(again.identity(), running.identity());
    assert!(server.exec(&again, "cat file").await.starts_with("work\n"));
    server.finish().await;
}

#[tokio::test]
async fn a_graceful_end_leaves_sandboxes_running() {
    let mut server = Server::with(setup()).await;
    let running = server.running("s").await;
    let pid = server.pid_of(&running).await;
    assert!(server.terminate().await.success());
    assert!(is_alive(pid));
    server.restart().await;
    let now = server.wait_for(running.id(), "running").await;
    assert_eq!(now.identity(), running.identity());
    assert_eq!(now.restarts(), 0);
    assert_eq!(server.pid_of(&now).await, pid);
    server.finish().await;
}
