//! `POST /start`: whose sandbox it is, in the words of every generation of clients.

use serde_json::json;

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::KEY;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn t11_the_oldest_clients_name_their_session_name() {
    let server = Server::start().await;
    let name = format!("oh-remote-runtime-{}", "x".repeat(60));
    let started = server
        .start_with(json!({"image": "tiny", "name": name}))
        .await;
    assert_eq!(started.session(), name);
    server.finish().await;
}

#[tokio::test]
async fn t12_clients_of_0_10_look_up_by_session_and_read_title_case() {
    let server = Server::start().await;
    let headers = [("X-API-Key", KEY), ("User-Agent", "python-requests/2.31.0")];
    let body = json!({"image": "tiny", "runtime_id": "sid"}).to_string();
    let reply = server.call_with("POST", "/start", &headers, body).await;
    let started = Runtime::checked(reply.expect(201));
    assert_eq!(started.session(), "sid");
    let ready = until("Ready by session id", SOON, async || {
        let read = Runtime::checked(server.get("/runtime/sid").await.expect(200));
        if read.pod_status() == "Ready" {
            Ok(read)
        } else {
            Err(read.0.to_string())
        }
    })
    .await;
    assert_eq!(ready.id(), started.id());
    server.intend("/pause", "sid").await;
    assert_eq!(server.runtime(started.id()).await.pod_status(), "Not Found");
    server.finish().await;
}

#[tokio::test]
async fn t13_session_ids_are_compared_byte_for_byte() {
    let server = Server::start().await;
    let long = format!("a.b-{}", "C.".repeat(98));
    let mut seen: Vec<Runtime> = Vec::new();
    for session in ["abc", "aBc", "a/c", "a%2Fc", " a ", &long] {
        let started = server.start_session(session).await;
        assert_eq!(started.session(), session);
        for other in &seen {
            assert_ne!(started.id(), other.id());
            assert_ne!(started.url(), other.url());
            assert_ne!(started.key(), other.key());
        }
        seen.push(started);
    }
    server.finish().await;
}

#[tokio::test]
async fn t15_a_session_may_be_called_batch() {
    let server = Server::start().await;
    let started = server.start_session("batch").await;
    let batch = server.get("/sessions/batch").await.expect(200);
    assert_eq!(batch, json!([]));
    let batch = server.get("/sessions/batch?ids=batch").await.expect(200);
    assert_eq!(batch[0]["runtime_id"], started.id());
    server.finish().await;
}

#[tokio::test]
async fn session_ids_of_1_and_255_bytes_work() {
    let server = Server::start().await;
    let longest = format!("{}a", "é".repeat(127));
    for (session, escaped) in [
        ("x", "x".to_owned()),
        (&longest, format!("{}a", "%C3%A9".repeat(127))),
    ] {
        let started = server.start_session(session).await;
        assert_eq!(started.session(), session);
        let read = server
            .get(&format!("/sessions/{escaped}"))
            .await
            .expect(200);
        assert_eq!(read["runtime_id"], started.id());
    }
    server.finish().await;
}

#[tokio::test]
async fn without_a_session_id_one_is_made() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for identity in [
        json!({}),
        json!({"session_id": null}),
        json!({"session_id": "", "name": ""}),
    ] {
        let mut body = json!({"image": "tiny"});
        body.as_object_mut()
            .unwrap()
            .extend(identity.as_object().unwrap().clone());
        let started = server.start_with(body).await;
        assert!(!ids.contains(&started.session().to_owned()));
        ids.push(started.session().to_owned());
    }
    server.finish().await;
}
