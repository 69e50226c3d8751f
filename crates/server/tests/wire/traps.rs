//! The contract's list of traps (§10): those that no other file here holds, those that need more than this binary, and the
//! check that every trap has its test.

use std::collections::BTreeSet;
use std::process::Command;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::runtime::Runtime;
use crate::support::server::Server;

/// How many traps the contract lists.
const TRAPS: u32 = 48;

#[test]
fn every_trap_has_its_test() {
    let us = std::env::current_exe().unwrap();
    let list = Command::new(us).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let named: BTreeSet<u32> = list
        .lines()
        .filter_map(|line| line.strip_suffix(": test")?.rsplit("::").next())
        .filter_map(|name| name.strip_prefix('t')?.get(..2)?.parse().ok())
        .collect();
    assert_eq!(named, (1..=TRAPS).collect());
}

#[tokio::test]
async fn t01_a_runtime_is_found_immediately_after_its_start() {
    let server = Server::start().await;
    for n in 0..20 {
        let started = server.start_session(&format!("s{n}")).await;
        for path in [
            format!("/runtime/{}", started.id()),
            format!("/sessions/s{n}"),
        ] {
            let read = Runtime::checked(server.get(&path).await.expect(200));
            assert_eq!(read.identity(), started.identity(), "{path}");
        }
        server.intend("/stop", started.id()).await;
    }
    server.finish().await;
}

#[tokio::test]
async fn t02_fifty_starts_of_one_session_at_once_make_one_runtime() {
    let server = Server::start().await;
    let starts = join_all((0..50).map(|_| server.start_session("s"))).await;
    for started in &starts {
        assert_eq!(started.identity(), starts[0].identity());
    }
    let running = server.wait_for(starts[0].id(), "running").await;
    assert_eq!(server.list().await.len(), 1);
    assert_eq!(server.disks(), [running.id()]);
    server.finish().await;
}

#[tokio::test]
async fn t08_empty_environment_values_are_kept() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "s",
        "environment": {"LMNR_BASE_URL": "", "LMNR_PROJECT_API_KEY": "", "SET": "1"}});
    let started = server.start_with(body).await;
    let running = server.wait_for(started.id(), "running").await;
    for (name, status, value) in [
        ("LMNR_BASE_URL", 200, ""),
        ("LMNR_PROJECT_API_KEY", 200, ""),
        ("SET", 200, "1"),
        ("NEVER_SET", 404, ""),
    ] {
        let reply = server.ask(&running, &format!("/env/{name}")).await;
        assert_eq!(reply.status, status, "{name}");
        if status == 200 {
            assert_eq!(reply.text(), value, "{name}");
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn t14_a_session_id_with_dots_and_200_characters_makes_valid_names() {
    let server = Server::start().await;
    let session = format!("{}.{}", "a.B-c_".repeat(33), "x");
    assert_eq!(session.len(), 200);
    let running = server.running(&session).await;
    assert_eq!(running.session(), session);
    let label =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    // With `vscode-` before it, too, it must be a label of the DNS.
    assert!(
        running.id().len() <= 56 && running.id().chars().all(label),
        "{running:?}"
    );
    assert_eq!(server.ask(&running, "/alive").await.status, 200);
    assert_eq!(
        server
            .get(&format!("/sessions/{session}"))
            .await
            .expect(200)["runtime_id"],
        running.id()
    );
    server.finish().await;
}

#[tokio::test]
async fn t18_every_element_of_a_page_has_every_field() {
    let server = Server::start().await;
    let running = server.running("running").await;
    server.running("paused").await;
    server.intend("/pause", "paused").await;
    server.start_session("stopped").await;
    server.intend("/stop", "stopped").await;
    let slow = json!({"image": "tiny", "session_id": "starting", "command": ["tiny", "--delay-ms", "600000"]});
    server.start_with(slow).await;
    // `list` checks each element.
    let live: BTreeSet<String> = server
        .list()
        .await
        .iter()
        .map(|one| one.session().to_owned())
        .collect();
    assert!(
        live.contains("running") && live.contains("starting"),
        "{live:?}"
    );
    let query = "?ids=running&ids=paused&ids=stopped&ids=starting";
    let batch = server
        .get(&format!("/sessions/batch{query}"))
        .await
        .expect(200);
    let batch: Vec<Runtime> = batch
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .map(Runtime::checked)
        .collect();
    assert_eq!(batch.len(), 4);
    assert!(batch.iter().any(|one| one.identity() == running.identity()));
    server.finish().await;
}

#[tokio::test]
async fn t20_the_answer_to_a_resume_has_id_url_and_key() {
    let server = Server::start().await;
    let running = server.running("s").await;
    server.intend("/pause", running.id()).await;
    let reply = server
        .post("/resume", json!({"runtime_id": running.id()}))
        .await
        .expect(200);
    for (field, value) in [
        ("runtime_id", running.id()),
        ("url", running.url()),
        ("session_api_key", running.key()),
        ("session_id", "s"),
    ] {
        assert_eq!(reply[field], value, "{field}");
    }
    server.finish().await;
}

#[tokio::test]
async fn t22_a_stop_or_pause_twice_is_fine_and_an_unknown_id_is_not_found() {
    let server = Server::start().await;
    for what in ["/pause", "/stop"] {
        let started = server.start_session(what).await;
        for _ in 0..2 {
            server.intend(what, started.id()).await;
        }
        for id in ["nobody", "qhzvtbkwmaxeoyrd", "../etc", "é"] {
            server
                .post(what, json!({"runtime_id": id}))
                .await
                .refusal(404);
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn t25_a_paused_runtime_survives_the_server_and_keeps_its_data() {
    let mut server = Server::start().await;
    let running = server.running("s").await;
    server.exec(&running, "echo work > file").await;
    server.intend("/pause", running.id()).await;
    server.wait_gone(running.id()).await;
    server.kill9();
    server.restart().await;
    let paused = server.runtime(running.id()).await;
    assert_eq!(
        (paused.status(), paused.pod_status()),
        ("paused", "not found")
    );
    assert_eq!(paused.identity(), running.identity());
    server.intend("/resume", running.id()).await;
    let again = server.wait_for(running.id(), "running").await;
    assert!(server.exec(&again, "cat file").await.starts_with("work\n"));
    server.finish().await;
}

#[tokio::test]
async fn t27_a_runtime_that_is_said_to_run_answers_at_that_moment() {
    let server = Server::start().await;
    for n in 0..10 {
        let session = format!("s{n}");
        let delay = (n * 20).to_string();
        let running = server
            .running_with(&session, &["--alive-after-ms", &delay])
            .await;
        for path in ["/alive", "/health"] {
            assert_eq!(server.ask(&running, path).await.status, 200, "{n} {path}");
        }
        assert_eq!(running.pod_status(), "ready");
        server.intend("/stop", running.id()).await;
    }
    server.finish().await;
}

/// 500 cannot be provoked from outside; that a panic has the same form is a test of `http::layers`. 422 is never sent: what
/// is wrong with a body is a 400.
#[tokio::test]
async fn t35_every_error_is_an_object_with_a_sentence() {
    let server = Server::start().await;
    let large = format!(
        r#"{{"image": "tiny", "padding": "{}"}}"#,
        "x".repeat(2 << 20)
    );
    for (status, method, path, body) in [
        (400, "POST", "/start", "{"),
        (400, "POST", "/start", "[]"),
        (400, "POST", "/start", r#"{"session_id": "s"}"#),
        (
            400,
            "POST",
            "/start",
            r#"{"image": "tiny", "resource_factor": 0}"#,
        ),
        (404, "GET", "/nothing", ""),
        (404, "GET", "/runtime/nobody", ""),
        (404, "GET", "/sessions/nobody", ""),
        (405, "GET", "/start", ""),
        (405, "PATCH", "/list", ""),
        (413, "POST", "/start", &large),
        (501, "POST", "/build", ""),
    ] {
        server
            .call(method, path, body.to_owned())
            .await
            .refusal(status);
    }
    for headers in [&[][..], &[("X-API-Key", "wrong")]] {
        server
            .call_with("GET", "/list", headers, "")
            .await
            .refusal(401);
    }
    server.finish().await;
}

#[tokio::test]
async fn t37_an_image_that_exists_has_a_size_and_a_time() {
    let server = Server::start().await;
    let known = server.get("/image_exists?image=tiny").await.expect(200);
    assert_eq!(known["exists"], true);
    assert!(known["image"]["image_size_bytes"].is_u64(), "{known}");
    let time = known["image"]["upload_time"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "{time}");
    server.finish().await;
}

#[tokio::test]
async fn t44_two_runtimes_have_different_keys() {
    let server = Server::start().await;
    let mut keys = BTreeSet::new();
    for n in 0..10 {
        let started = server.start_session(&format!("s{n}")).await;
        assert!(keys.insert(started.key().to_owned()));
        server.intend("/stop", started.id()).await;
        let anew = server.start_session(&format!("s{n}")).await;
        assert!(
            keys.insert(anew.key().to_owned()),
            "a new runtime has a new key"
        );
        server.intend("/stop", anew.id()).await;
    }
    server.finish().await;
}

/// Traps that need parts which this binary does not have yet. Each is replaced by its test with that part.
macro_rules! needs {
    ($($name:ident: $what:literal;)*) => {$(
        #[test]
        #[ignore = $what]
        fn $name() {
            panic!($what);
        }
    )*};
}

needs! {
    t01_on_another_replica: "needs several replicas over one database";
    t06_a_command_is_not_passed_as_arguments_of_the_entry_point: "needs images with an ENTRYPOINT: pods or containers";
    t09_an_unknown_runtime_class_falls_back: "needs runtime classes: pods";
    t10_run_as_user_0_is_not_absent: "needs security contexts: pods";
    t24_an_api_server_that_is_down_changes_no_state: "needs Kubernetes";
    t26_a_pod_of_a_lost_node_is_made_anew: "needs Kubernetes";
    t38_a_build_is_polled_to_its_end: "needs an image builder";
    t39_a_warm_configuration_without_a_command: "needs warm configurations";
    t40_an_admin_name_with_a_slash: "needs administrators";
    t42_a_deferred_pod_is_initialised_after_every_restart: "needs pools of warm sandboxes";
}

/// Contract §3.1: what the oldest client sends beside a name is long.
#[tokio::test]
async fn the_longest_name_of_the_oldest_client_is_a_session() {
    let server = Server::start().await;
    let name = format!("oh-remote-runtime-{}{}", "s".repeat(32), "0".repeat(36));
    let reply: Value = server
        .post("/start", json!({"image": "tiny", "name": name}))
        .await
        .expect(201);
    assert_eq!(Runtime::checked(reply).session(), name);
    server.finish().await;
}
