//! `POST /start`: what comes back, and what runs then.

use serde_json::{Value, json};

use crate::support::runtime::Runtime;
use crate::support::server::Server;

/// What the sandbox's program was started with, without its own name.
async fn args(server: &Server, runtime: &Runtime) -> Vec<String> {
    let args = server.ask(runtime, "/args").await.expect(200);
    let args: Vec<String> = serde_json::from_value(args).unwrap();
    args[1..].to_vec()
}

async fn variable(server: &Server, runtime: &Runtime, name: &str) -> Option<String> {
    let reply = server.ask(runtime, &format!("/env/{name}")).await;
    (reply.status == 200).then(|| reply.text())
}

#[tokio::test]
async fn a_started_sandbox_is_known_at_once_and_answers_once_it_runs() {
    let server = Server::start().await;
    let started = server.start_session("s").await;
    assert_eq!(started.session(), "s");
    assert_eq!(started.restarts(), 0);
    for path in [format!("/runtime/{}", started.id()), "/sessions/s".into()] {
        let read = Runtime::checked(server.get(&path).await.expect(200));
        assert_eq!(read.identity(), started.identity(), "{path}");
    }
    let running = server.wait_for(started.id(), "running").await;
    assert_eq!(running.pod_status(), "ready");
    assert_eq!(running.identity(), started.identity());
    for path in ["/alive", "/health"] {
        assert_eq!(server.ask(&running, path).await.status, 200, "{path}");
    }
    server.finish().await;
}

#[tokio::test]
async fn a_second_start_of_a_session_changes_nothing() {
    let server = Server::start().await;
    let first = server.running("s").await;
    let pid = server.ask(&first, "/pid").await.text();
    let second = server
        .start_with(json!({"image": "tiny:other", "session_id": "s", "environment": {"NEW": "1"}}))
        .await;
    assert_eq!(second.identity(), first.identity());
    assert_eq!(second.status(), "running");
    assert_eq!(server.ask(&second, "/pid").await.text(), pid);
    assert_eq!(variable(&server, &second, "NEW").await, None);
    server.finish().await;
}

#[tokio::test]
async fn t03_a_start_on_a_paused_session_resumes_it() {
    let server = Server::start().await;
    let first = server.running("s").await;
    server.intend("/pause", first.id()).await;
    server.wait_gone(first.id()).await;
    let again = server.start_session("s").await;
    assert_eq!(again.identity(), first.identity());
    assert!(
        ["starting", "running"].contains(&again.status()),
        "{again:?}"
    );
    server.wait_for(first.id(), "running").await;
    server.finish().await;
}

#[tokio::test]
async fn t04_a_start_on_a_stopped_session_makes_a_new_sandbox() {
    let server = Server::start().await;
    let first = server.running("s").await;
    server.intend("/stop", first.id()).await;
    let second = server.start_session("s").await;
    assert_ne!(second.id(), first.id());
    assert_ne!(second.key(), first.key());
    let old = server.runtime(first.id()).await;
    assert_eq!(old.status(), "stopped");
    assert_eq!(old.key(), first.key());
    server.wait_for(second.id(), "running").await;
    server.finish().await;
}

#[tokio::test]
async fn t05_a_command_replaces_the_entry_point_and_its_arguments_are_kept() {
    let server = Server::start().await;
    for (session, command, expected) in [
        (
            "array",
            json!(["/usr/bin/agent", "--port", "60000", "a b", "$(HOME)"]),
            vec!["a b", "$(HOME)"],
        ),
        (
            "string",
            json!("agent --port 60000 'a b' c"),
            vec!["a b", "c"],
        ),
        ("null", Value::Null, vec![]),
        ("empty", json!([]), vec![]),
        ("blank", json!(""), vec![]),
        ("arguments", json!(["--flag", "x"]), vec!["--flag", "x"]),
    ] {
        let body = json!({"image": "tiny", "session_id": session, "command": command});
        let started = server.start_with(body).await;
        let shown = if command.is_null() {
            json!("")
        } else {
            command
        };
        assert_eq!(started.0["command"], shown, "{session}");
        let running = server.wait_for(started.id(), "running").await;
        let args = args(&server, &running).await;
        assert!(
            args.ends_with(
                &expected
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>()
            ),
            "{session}: {args:?}"
        );
        // The contract's port became one of this machine's.
        assert!(!args.contains(&"60000".to_owned()), "{session}: {args:?}");
        assert_eq!(args[..3], ["--host", "127.0.0.1", "--port"], "{session}");
    }
    server.finish().await;
}

#[tokio::test]
async fn t07_environment_values_arrive_verbatim() {
    let server = Server::start().await;
    let values = [
        ("DOLLARS", "$(HOME) $$ ${PATH} `id`"),
        ("EMPTY", ""),
        ("LINES", "a\nb\tc\\n\"'"),
        ("UNICODE", "é€😀"),
        ("EQUALS", "a=b=c"),
    ];
    let environment: serde_json::Map<_, _> = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let body = json!({"image": "tiny", "session_id": "s", "environment": environment});
    let started = server.start_with(body).await;
    let running = server.wait_for(started.id(), "running").await;
    for (name, value) in values {
        assert_eq!(
            variable(&server, &running, name).await.as_deref(),
            Some(value),
            "{name}"
        );
    }
    server.finish().await;
}

#[tokio::test]
async fn a_sandbox_knows_who_it_is_whatever_the_client_said() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "s", "environment": {
        "SESSION_API_KEY": "mine", "OH_SESSION_API_KEYS_0": "mine", "OH_SESSION_API_KEYS": "[\"mine\"]",
        "OH_SESSION_API_KEYS_1": "mine", "RUNTIME_ID": "mine", "RUNTIME_URL": "mine",
        "OH_SECRET_KEY": "chosen by the client", "NUMBER": 7, "FLAG": true}});
    let started = server.start_with(body).await;
    let running = server.wait_for(started.id(), "running").await;
    for (name, value) in [
        ("SESSION_API_KEY", Some(running.key())),
        ("OH_SESSION_API_KEYS_0", Some(running.key())),
        ("OH_SESSION_API_KEYS", None),
        ("OH_SESSION_API_KEYS_1", None),
        ("RUNTIME_ID", Some(running.id())),
        ("RUNTIME_URL", Some(running.url())),
        ("OH_SECRET_KEY", Some("chosen by the client")),
        ("NUMBER", Some("7")),
        ("PINFOLD_API_KEY", None),
    ] {
        assert_eq!(
            variable(&server, &running, name).await.as_deref(),
            value,
            "{name}"
        );
    }
    server.finish().await;
}

/// And what SDK and V1 send.
#[tokio::test]
async fn what_this_machine_cannot_honour_does_not_fail_the_start() {
    let server = Server::start().await;
    for (session, extra) in [
        ("class", json!({"runtime_class": "no-such-class"})),
        ("root", json!({"run_as_user": 0})),
        ("pull", json!({"image_pull_policy": "Always"})),
        (
            "nulls",
            json!({"command": null, "working_dir": null, "environment": null, "resource_factor": null,
            "runtime_class": null, "run_as_user": null, "name": null, "runtime_id": null}),
        ),
        (
            "unknown",
            json!({"storage": {"size": 1}, "storage_size": "10Gi", "something": ["else"]}),
        ),
    ] {
        let mut body = json!({"image": "tiny", "session_id": session});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let started = server.start_with(body).await;
        server.wait_for(started.id(), "running").await;
    }
    server.finish().await;
}

#[tokio::test]
async fn t48_any_resource_factor_is_scaled_or_refused_with_a_sentence() {
    let server = Server::start().await;
    for factor in [json!(0.5), json!(8), json!("2"), json!(1.0)] {
        let body =
            json!({"image": "tiny", "session_id": format!("f{factor}"), "resource_factor": factor});
        server.start_with(body).await;
    }
    for factor in [
        json!(0),
        json!(-1),
        json!("much"),
        json!(1e300),
        json!([]),
        json!("NaN"),
    ] {
        let reply = server
            .post(
                "/start",
                json!({"image": "tiny", "session_id": "n", "resource_factor": factor}),
            )
            .await;
        match reply.status {
            201 => {
                let stop = json!({"runtime_id": reply.json()["runtime_id"]});
                server.post("/stop", stop).await.expect(200);
            }
            _ => assert!(
                reply
                    .refusal(reply.status.clamp(400, 422))
                    .contains("resource_factor")
            ),
        }
    }
    server.finish().await;
}

/// However long it takes, it is on its way.
#[tokio::test]
async fn t23_a_sandbox_that_is_not_ready_is_starting() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "s",
        "command": ["tiny", "--alive-after-ms", "3000"]});
    let started = server.start_with(body).await;
    assert_eq!(started.status(), "starting");
    server
        .wait_until(
            started.id(),
            "running, and starting until then",
            |runtime| {
                assert!(
                    ["starting", "running"].contains(&runtime.status()),
                    "{runtime:?}"
                );
                runtime.status() == "running"
            },
        )
        .await;
    server.finish().await;
}

/// An action execution server is alive before it is initialised.
#[tokio::test]
async fn a_sandbox_that_says_not_initialised_is_starting() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "s",
        "command": ["tiny", "--alive-body", r#"{"status":"not initialized"}"#]});
    let started = server.start_with(body).await;
    assert_eq!(started.status(), "starting");
    server
        .wait_until(started.id(), "its process", |runtime| {
            runtime.pod_status() == "running"
        })
        .await;
    server.finish().await;
}

#[tokio::test]
async fn the_working_directory_is_the_sandboxs_own() {
    let server = Server::start().await;
    let mut seen = Vec::new();
    for session in ["one", "two"] {
        let body = json!({"image": "tiny", "session_id": session, "working_dir": "/workspace",
            "environment": {"CONVERSATIONS": "/workspace/conversations"}});
        let started = server.start_with(body).await;
        let running = server.wait_for(started.id(), "running").await;
        let cwd = server.ask(&running, "/cwd").await.text();
        assert!(cwd.starts_with(server.data().to_str().unwrap()), "{cwd}");
        assert!(!seen.contains(&cwd));
        assert_eq!(
            variable(&server, &running, "CONVERSATIONS").await,
            Some(format!("{cwd}/conversations"))
        );
        seen.push(cwd);
    }
    server.finish().await;
}
