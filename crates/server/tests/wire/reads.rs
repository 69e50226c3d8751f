//! Reads: single, batch, list, health, and what clients ask beside.

use serde_json::json;

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::{OTHER_KEY, tiny_agent};

fn ids(batch: &serde_json::Value) -> Vec<String> {
    let mut ids: Vec<_> = batch
        .as_array()
        .unwrap()
        .iter()
        .map(|one| Runtime::checked(one.clone()).session().to_owned())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn t16_a_batch_is_a_bare_array_of_what_is_known() {
    let server = Server::start().await;
    for session in ["a", "b", "c,d", "é/ü"] {
        server.start_session(session).await;
    }
    let paused = server.start_session("paused").await;
    server.intend("/pause", paused.id()).await;
    let stopped = server.start_session("stopped").await;
    server.intend("/stop", stopped.id()).await;
    for (query, known) in [
        ("", vec![]),
        ("?ids=", vec![]),
        ("?ids=a", vec!["a"]),
        ("?ids=a&ids=b&ids=nobody", vec!["a", "b"]),
        ("?ids=a&ids=a", vec!["a"]),
        ("?ids=a,b,nobody", vec!["a", "b"]),
        ("?ids=c,d", vec!["c,d"]),
        ("?ids=c%2Cd", vec!["c,d"]),
        ("?ids=%C3%A9%2F%C3%BC&other=1", vec!["é/ü"]),
        ("?ids=paused&ids=stopped", vec!["paused", "stopped"]),
    ] {
        let batch = server
            .get(&format!("/sessions/batch{query}"))
            .await
            .expect(200);
        assert_eq!(ids(&batch), known, "{query}");
    }
    server.finish().await;
}

#[tokio::test]
async fn a_batch_of_a_long_query_works() {
    let server = Server::start().await;
    server.start_session("known").await;
    let query: String = (0..150)
        .map(|number| format!("ids={number:0>100}&"))
        .collect();
    let batch = server
        .get(&format!("/sessions/batch?{query}ids=known"))
        .await
        .expect(200);
    assert_eq!(ids(&batch), ["known"]);
    server.finish().await;
}

/// Contract §6.1.
#[tokio::test]
async fn t45_every_read_shows_the_same_object() {
    let server = Server::start().await;
    let running = server.running("s").await;
    for path in [
        format!("/runtime/{}", running.id()),
        "/sessions/s".to_owned(),
    ] {
        let read = Runtime::checked(server.get(&path).await.expect(200));
        assert_eq!(read.identity(), running.identity());
        assert_eq!(read.status(), "running");
    }
    let batch = server.get("/sessions/batch?ids=s").await.expect(200);
    assert_eq!(batch[0], server.list().await[0].0);
    // Any key of the server sees it.
    let by_other = server
        .call_with("GET", "/list", &[("X-API-Key", OTHER_KEY)], "")
        .await
        .expect(200);
    assert_eq!(by_other["runtimes"][0]["runtime_id"], running.id());
    server.finish().await;
}

#[tokio::test]
async fn work_hosts_and_vscode_lead_to_the_services_ports() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let hosts = running.0["work_hosts"].as_object().unwrap();
    let mut ports: Vec<_> = hosts.values().map(|port| port.as_u64().unwrap()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [12000, 12001]);
    let vscode = running.text("vscode_url");
    assert!(vscode.starts_with("http://"), "{running:?}");
    // Nobody listens there: the gateway answers for it.
    for url in hosts.keys().map(String::as_str).chain([vscode]) {
        let reply = server.http.get(&format!("{url}/")).await.unwrap();
        reply.refusal(502);
    }
    // Somebody does now.
    let tiny = tiny_agent();
    let listen = format!(
        "nohup {} --port $WORKER_1 >/dev/null 2>&1 &",
        tiny.display()
    );
    server.exec(&running, &listen).await;
    let (url, _) = hosts.iter().find(|(_, port)| **port == 12000).unwrap();
    crate::support::wait::until(
        "the web application",
        crate::support::wait::SOON,
        async || {
            let reply = server.http.get(&format!("{url}/alive")).await?;
            if reply.status == 200 {
                Ok(())
            } else {
                Err(reply.text())
            }
        },
    )
    .await;
    server.finish().await;
}

#[tokio::test]
async fn what_is_not_known_is_not_found() {
    let server = Server::start().await;
    for path in [
        "/runtime/qhzvtbkwmaxeoyrd",
        "/sessions/nobody",
        "/sessions/a%2Fb",
        "/build_status?build_id=1",
    ] {
        server.get(path).await.refusal(404);
    }
    assert_eq!(
        server.get("/list").await.expect(200),
        json!({"runtimes": [], "total": 0})
    );
    server.finish().await;
}

#[tokio::test]
async fn health_needs_no_key() {
    let server = Server::start().await;
    for path in ["/health", "/liveness", "/readiness"] {
        let reply = server.call_with("GET", path, &[], "").await;
        assert!(reply.expect(200).is_object());
    }
    server.finish().await;
}

#[tokio::test]
async fn what_clients_ask_beside_is_answered() {
    let server = Server::start().await;
    let prefix = server.get("/registry_prefix").await.expect(200);
    assert!(
        prefix["registry_prefix"]
            .as_str()
            .is_some_and(|prefix| !prefix.is_empty())
    );
    let warm = server.get("/api/warm-runtime-configs").await.expect(200);
    assert_eq!(warm, json!({"configs": []}));
    let unknown = server
        .get("/image_exists?image=no%2Fsuch:1")
        .await
        .expect(200);
    assert_eq!(unknown, json!({"exists": false}));
    let known = server.get("/image_exists?image=tiny").await.expect(200);
    if known["exists"] == true {
        // T37: V0 divides the size.
        assert!(known["image"]["image_size_bytes"].is_number(), "{known}");
        assert!(known["image"]["upload_time"].is_string(), "{known}");
    }
    server.finish().await;
}
