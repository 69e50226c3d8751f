//! The operator's commands.

use serde_json::Value;

use crate::support::server::Server;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn sandboxes_are_listed_and_shown() {
    let server = Server::start().await;
    let running = server.running("my session").await;
    let table = server.cli(&["sandboxes", "list"]);
    assert!(
        table.contains(running.id()) && table.contains("my session"),
        "{table}"
    );
    let list: Value = serde_json::from_str(&server.cli(&["sandboxes", "list", "--json"])).unwrap();
    let text = list.to_string();
    assert!(text.contains(running.id()), "{text}");
    let shown = server.cli(&["sandboxes", "get", running.id()]);
    assert!(
        shown.contains(running.id()) && shown.contains("running"),
        "{shown}"
    );
    let json: Value =
        serde_json::from_str(&server.cli(&["sandboxes", "get", running.id(), "--json"])).unwrap();
    assert!(json.to_string().contains(running.url()), "{json}");
    for table in [table, shown] {
        assert!(!table.contains(running.key()), "a table shows a key");
    }
    server.finish().await;
}

#[tokio::test]
async fn logs_are_shown() {
    let server = Server::start().await;
    let running = server.running("s").await;
    server.ask(&running, "/log?lines=3").await;
    until("the lines", SOON, async || {
        let logs = server.cli(&["sandboxes", "logs", running.id()]);
        if logs.contains("line 000003") {
            Ok(())
        } else {
            Err(logs)
        }
    })
    .await;
    server.finish().await;
}

#[tokio::test]
async fn one_or_all_sandboxes_are_stopped() {
    let server = Server::start().await;
    let first = server.running("s1").await;
    let second = server.running("s2").await;
    let paused = server.running("s3").await;
    server.intend("/pause", paused.id()).await;
    server.cli(&["sandboxes", "stop", first.id()]);
    assert_eq!(server.runtime(first.id()).await.status(), "stopped");
    assert_eq!(server.runtime(second.id()).await.status(), "running");
    let live = server.cli(&["sandboxes", "list"]);
    assert!(live.contains(second.id()) && !live.contains(paused.id()));
    let all = server.cli(&["sandboxes", "list", "--all"]);
    assert!(all.contains(second.id()) && all.contains(paused.id()));
    server.cli(&["sandboxes", "stop", "--all"]);
    for stopped in [&second, &paused] {
        assert_eq!(server.runtime(stopped.id()).await.status(), "stopped");
    }
    server.finish().await;
}

#[tokio::test]
async fn an_unknown_sandbox_is_an_error_with_a_sentence() {
    let server = Server::start().await;
    for what in ["get", "stop", "logs"] {
        let output = server.cli_output(&["sandboxes", what, "qhzvtbkwmaxeoyrd"]);
        assert!(!output.status.success());
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert!(
            !sentence.is_empty() && !sentence.contains("panicked"),
            "{sentence}"
        );
    }
    server.finish().await;
}
