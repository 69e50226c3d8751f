//! The operator's commands.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::server::Server;
use crate::support::setup::Setup;
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

#[tokio::test]
async fn a_sandbox_is_started_paused_and_resumed() {
    let server = Server::start().await;
    let start = ["sandboxes", "start", "--image", "tiny", "--session", "s"];
    let output = server.cli_output(&start);
    assert!(output.status.success(), "{output:?}");
    let (shown, told) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(shown.contains("running (ready)"), "{shown}");
    // Standard error is no terminal here, so that the progress is lines.
    assert!(
        told.contains(" is starting: ") || told.contains(" is running: "),
        "{told}"
    );
    server.cli(&["sandboxes", "pause", "s"]);
    let paused = server.cli(&["sandboxes", "get", "s"]);
    assert!(paused.contains("paused"), "{paused}");
    let resumed = server.cli(&["sandboxes", "resume", "s"]);
    assert!(resumed.contains("running (ready)"), "{resumed}");
    server.finish().await;
}

#[tokio::test]
async fn a_sandbox_is_explained_in_sentences() {
    let setup = Setup {
        extra: "[policy]\nmax_restarts = 1\nbackoff = \"10ms\"".to_owned(),
        ..Setup::default()
    };
    let server = Server::with(setup).await;
    let running = server.running("my session").await;
    for id in [running.id(), "my session"] {
        let page = server.cli(&["sandboxes", "explain", id]);
        for part in [
            running.id(),
            running.url(),
            "It RUNS and answers",
            "by the client",
            "created",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains(running.key()), "the page shows a key");
    }
    let json = server.cli(&["sandboxes", "explain", running.id(), "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["runtime"]["runtime_id"], running.id());
    assert_eq!(json["events"]["events"][0]["kind"], "created");

    let start = ["sandboxes", "start", "--image", "tiny", "--session", "no"];
    let ends = ["--", "--exit-after-ms", "0", "--exit-code", "3"];
    let failed = server.cli_output(&[&start[..], &ends[..]].concat());
    let told = String::from_utf8(failed.stderr).unwrap();
    assert_eq!(failed.status.code(), Some(1), "{told}");
    assert!(told.contains("sandboxes explain"), "{told}");
    let page = server.cli(&["sandboxes", "explain", "no"]);
    for part in [
        "It has FAILED",
        "exit code 3",
        "restarted",
        "boot 1 was lost",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    server.finish().await;
}

#[tokio::test]
async fn the_status_tells_whether_all_is_well() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let dir = server.data().to_str().unwrap().to_owned();
    let status = server.cli(&["status", "--data-dir", &dir]);
    for part in [
        server.url(),
        "yes",
        "1 starting or running",
        &dir,
        "PINFOLD_API_KEY, accepted",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    let json = server.cli(&["status", "--data-dir", &dir, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["well"], true, "{json}");
    let odd = server.cli_output(&["status", "--api-key", "wrong"]);
    assert_eq!(odd.status.code(), Some(1));
    assert!(
        String::from_utf8(odd.stdout)
            .unwrap()
            .contains("refused by the server")
    );
    assert!(!running.id().is_empty());
    server.finish().await;
}

#[test]
fn a_server_that_is_down_is_not_well() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pinfold"))
        .args(["status", "--url", "http://127.0.0.1:1", "--data-dir"])
        .arg(dir.path())
        .env_remove("PINFOLD_API_KEY")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("does not answer") && told.contains("cannot find an API key"),
        "{told}"
    );
}

/// `pinfold config …` with this file.
fn config(action: &[&str], file: &str, variables: &[(&str, &str)]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pinfold.toml");
    std::fs::write(&path, file).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinfold"));
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("PINFOLD_")) {
        command.env_remove(name);
    }
    command.arg("config").args(action).arg("--config").arg(path);
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn a_sound_configuration_is_told_with_its_sources() {
    let output = config(
        &["check"],
        "listen = \"0.0.0.0:9000\"",
        &[("PINFOLD_DRAIN", "1s")],
    );
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(
        told.contains("pinfold.toml:1:10") && told.contains("PINFOLD_DRAIN"),
        "{told}"
    );
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(
        warned.contains("warning") && warned.contains("without TLS"),
        "{warned}"
    );
}

#[test]
fn check_and_serve_tell_the_same_mistakes() {
    let (file, variables) = (
        "hold = \"5s\"\nlisen = 1",
        [("PINFOLD_GATEWAY_HOLD", "soon")],
    );
    let output = config(&["check"], file, &variables);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for part in [
        "`hold` must be",
        "`lisen` is no key; do you mean `listen`?",
        "PINFOLD_GATEWAY_HOLD",
        "3 mistakes",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pinfold.toml");
    std::fs::write(&path, file).unwrap();
    let served = Command::new(env!("CARGO_BIN_EXE_pinfold"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&path)
        .envs(variables)
        .output()
        .unwrap();
    assert_eq!(served.status.code(), Some(1));
    let served = String::from_utf8(served.stderr).unwrap();
    let mistakes = told
        .lines()
        .filter_map(|line| line.strip_prefix("mistake: "));
    for mistake in mistakes {
        let (_, wrong) = mistake.split_once("`").unwrap();
        assert!(served.contains(wrong), "{wrong}: {served}");
    }
}

#[test]
fn the_template_of_variables_is_printed_without_a_configuration() {
    let output = config(&["print", "--env"], "wrong", &[]);
    assert!(output.status.success());
    let committed = include_str!("../../../../deploy/pinfold.env");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), committed);
    let output = config(&["print"], "hold = \"1s\"", &[]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("hold = \"1s\"")
    );
}
