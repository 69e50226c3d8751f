//! The typed client against a server that follows a script.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

mod stub;

use std::net::TcpListener;
use std::time::Duration;

use runtime_api::client::{Client, ClientError};
use runtime_api::{ErrorCode, PodStatus, StartRequest, Status};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stub::{Say, Stub};

const KEY: &str = "key-of-this-test";
/// For what should come at once.
const BOUND: Duration = Duration::from_secs(60);

fn client(stub: &Stub) -> Client {
    Client::new(&stub.url, KEY).unwrap()
}

fn runtime(status: &str, pod_status: &str) -> String {
    json!({
        "runtime_id": "qhzvtbkwmaxeoyrd", "session_id": "s/1", "url": "http://127.0.0.1:1", "session_api_key": "k",
        "status": status, "pod_status": pod_status, "restart_count": 0, "restart_reasons": [], "work_hosts": {},
        "command": "", "events": null, "a_field_of_others": [1]
    })
    .to_string()
}

fn running() -> String {
    runtime("running", "ready")
}

#[tokio::test]
async fn a_start_is_sent_with_key_agent_and_body() {
    let stub = Stub::answering("201 Created", runtime("starting", "Pending"));
    let builder = Client::builder(&format!("{}/v0/runtime//", stub.url)).api_key(KEY);
    let client = builder.user_agent("my app").build().unwrap();
    let request = StartRequest::of_image("i").in_session("s/1");
    let started = client.start(&request).await.unwrap();
    assert_eq!(started.status, Status::Starting);
    assert_eq!(started.pod_status.status, PodStatus::Pending);
    let asked = &stub.asked()[0];
    assert_eq!(asked.line, "POST /v0/runtime/start HTTP/1.1");
    assert_eq!(asked.header("x-api-key"), Some(KEY));
    assert_eq!(asked.header("user-agent"), Some("my app"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(
        body,
        json!({"image": "i", "environment": {}, "session_id": "s/1"})
    );
}

#[tokio::test]
async fn every_call_has_its_line() {
    let list = format!(r#"{{"runtimes":[{}],"total":1}}"#, running());
    let warm = r#"{"configs":[{"name":"n","image":"i","command":null,"environment":{},"working_dir":"/w"}]}"#;
    let exists =
        r#"{"exists":true,"image":{"upload_time":"2026-01-05T10:00:00Z","image_size_bytes":7}}"#;
    let answers = [
        running(),
        "{}".to_owned(),
        running(),
        running(),
        running(),
        format!("[{}]", running()),
        list,
        r#"{"registry_prefix":"r/p"}"#.to_owned(),
        exists.to_owned(),
        warm.to_owned(),
        r#"{"status":"ok"}"#.to_owned(),
    ];
    let stub = Stub::saying(answers.map(|body| Say::Answer("200 OK", body)));
    let client = client(&stub);
    let stopped = client.stop("a").await.unwrap().unwrap();
    assert_eq!(stopped.runtime_id, "qhzvtbkwmaxeoyrd");
    assert_eq!(client.pause("a").await.unwrap(), None);
    client.resume("a").await.unwrap();
    client.runtime("a/b").await.unwrap();
    client.session("é..").await.unwrap();
    assert_eq!(client.sessions(["a,b", "c d"]).await.unwrap().len(), 1);
    assert_eq!(client.list().await.unwrap().total, 1);
    assert_eq!(client.registry_prefix().await.unwrap(), "r/p");
    let image = client.image_exists("r/i:1").await.unwrap();
    assert_eq!(image.facts().unwrap().image_size_bytes, 7);
    assert_eq!(client.warm_configs().await.unwrap()[0].name, "n");
    assert_eq!(client.health().await.unwrap().status(), "ok");
    let lines: Vec<_> = stub.asked().into_iter().map(|asked| asked.line).collect();
    let expected = [
        "POST /stop",
        "POST /pause",
        "POST /resume",
        "GET /runtime/a%2Fb",
        "GET /sessions/%C3%A9%2E%2E",
        "GET /sessions/batch?ids=a%2Cb&ids=c%20d",
        "GET /list",
        "GET /registry_prefix",
        "GET /image_exists?image=r%2Fi%3A1",
        "GET /api/warm-runtime-configs",
        "GET /health",
    ];
    assert_eq!(lines, expected.map(|line| format!("{line} HTTP/1.1")));
    assert_eq!(stub.asked()[0].body, r#"{"runtime_id":"a"}"#);
}

#[tokio::test]
async fn no_sessions_are_no_call() {
    let stub = Stub::saying([]);
    let none: [&str; 0] = [];
    assert_eq!(client(&stub).sessions(none).await.unwrap(), []);
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn the_answer_of_any_path_is_had_as_it_came() {
    let stub = Stub::answering("200 OK", r#"{"z": 1,  "a": [ ]}"#);
    let text: Box<RawValue> = client(&stub).get_json("/runtime/a/events").await.unwrap();
    assert_eq!(text.get(), r#"{"z": 1,  "a": [ ]}"#);
}

#[tokio::test]
async fn a_refusal_tells_status_code_sentence_and_when_to_come_back() {
    let body =
        r#"{"detail":"the store is away","error":"unavailable","message":"the store is away"}"#;
    let stub = Stub::answering("503 Service Unavailable\r\nretry-after: 3", body);
    let error = client(&stub).session("s").await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, Some(ErrorCode::Unavailable));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert!(error.is_transient() && !error.is_not_found());
    assert_eq!(
        error.to_string(),
        "GET /sessions/s: the store is away (503)"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stub = Stub::answering("307 Temporary Redirect\r\nlocation: /start", "");
    let error = client(&stub).list().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 307);
}

#[tokio::test]
async fn an_answer_that_is_not_understood_shows_its_beginning_and_no_key() {
    let key = "b0x9Yk3lQ7TnUeXw2mLs9PdA4Zr0bQk7TnUeXw2mLs9";
    let strange = format!(r#"{{"session_api_key":"{key}","status":"{key}"}}"#);
    let stub = Stub::answering("200 OK", strange);
    let error = client(&stub).runtime("a").await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, ClientError::NotUnderstood { .. }), "{text}");
    assert!(
        text.contains("GET /runtime/a") && text.contains("session_api_key"),
        "{text}"
    );
    assert!(!text.contains(key), "{text}");
}

#[tokio::test]
async fn nobody_there_a_broken_connection_and_no_answer_are_told_apart() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = Client::new(&format!("http://{address}"), KEY).unwrap();
    let error = nobody.list().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect { .. }), "{error:?}");
    assert!(error.is_transient());

    let stub = Stub::saying([Say::Nothing, Say::Silence]);
    let error = client(&stub).list().await.unwrap_err();
    assert!(matches!(error, ClientError::Broken { .. }), "{error:?}");

    let builder = Client::builder(&stub.url).api_key(KEY);
    let hasty = builder
        .time_out(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = hasty.list().await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn waiting_outlasts_a_restart_of_the_server_and_ends_when_the_runtime_is_ready() {
    let stub = Stub::saying([
        Say::Answer("200 OK", runtime("starting", "pending")),
        Say::Nothing,
        Say::Answer("503 Service Unavailable", "{}".to_owned()),
        Say::Answer("200 OK", runtime("starting", "running")),
        Say::Answer("200 OK", running()),
    ]);
    let ready = client(&stub)
        .wait_until_ready("qhzvtbkwmaxeoyrd", BOUND)
        .await;
    assert_eq!(ready.unwrap().status, Status::Running);
    assert_eq!(stub.asked().len(), 5);
}

#[tokio::test]
async fn waiting_ends_when_the_runtime_cannot_get_ready() {
    let stub = Stub::answering("200 OK", runtime("error", "failed"));
    let error = client(&stub)
        .wait_until_ready("a", BOUND)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "runtime qhzvtbkwmaxeoyrd will not get ready: it is error (failed)"
    );
    let stub = Stub::answering("404 Not Found", "{}");
    let error = client(&stub)
        .wait_until_ready("a", BOUND)
        .await
        .unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn waiting_ends_with_its_bound_and_tells_what_it_saw_last() {
    let stub = Stub::saying([
        Say::Answer("200 OK", runtime("starting", "pending")),
        Say::Silence,
    ]);
    let bound = Duration::from_secs(2);
    let error = client(&stub)
        .wait_until_ready("a", bound)
        .await
        .unwrap_err();
    let text = error.to_string();
    let expected = "runtime a is not ready after 2 s: it is starting, pending";
    assert_eq!(text, expected);
}
