//! Wrong requests: status, sentence, and nothing done (contract §1).

use serde_json::json;

use crate::support::server::Server;
use crate::support::setup::KEY;
use crate::support::socket::Raw;

#[tokio::test]
async fn every_route_but_health_wants_a_key() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let one = format!("/runtime/{}", running.id());
    for (method, path) in [
        ("POST", "/start"),
        ("POST", "/stop"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", one.as_str()),
        ("GET", "/sessions/s"),
        ("GET", "/sessions/batch?ids=s"),
        ("GET", "/list"),
        ("GET", "/registry_prefix"),
        ("GET", "/image_exists?image=i"),
        ("POST", "/build"),
        ("GET", "/build_status?build_id=1"),
        ("GET", "/api/warm-runtime-configs"),
    ] {
        for headers in [
            &[][..],
            &[("X-API-Key", "wrong")],
            &[("X-API-Key", "")],
            &[("X-Session-API-Key", KEY)],
            &[("X-API-Key", running.key())],
            &[("Authorization", KEY)],
        ] {
            let body =
                json!({"image": "tiny", "session_id": "refused", "runtime_id": running.id()});
            let reply = server
                .call_with(method, path, headers, body.to_string())
                .await;
            let sentence = reply.refusal(401);
            assert!(!sentence.contains(KEY), "{sentence}");
        }
    }
    server.get("/sessions/refused").await.refusal(404);
    assert_eq!(server.runtime(running.id()).await.status(), "running");
    server.finish().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let server = Server::start().await;
    for (method, path, allowed) in [
        ("GET", "/start", "POST"),
        ("DELETE", "/stop", "POST"),
        ("PUT", "/list", "GET"),
        ("POST", "/sessions/s", "GET"),
        ("POST", "/health", "GET"),
    ] {
        let reply = server.call(method, path, "{}").await;
        reply.refusal(405);
        assert!(
            reply.header("allow").unwrap().contains(allowed),
            "{method} {path}"
        );
    }
    server.finish().await;
}

#[tokio::test]
async fn t36_slashes_are_no_reason_to_redirect() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "s"}).to_string();
    for path in ["//start", "/start/", "//start//"] {
        let reply = server.call("POST", path, body.clone()).await;
        assert!(
            [201, 404].contains(&reply.status),
            "{path}: {}",
            reply.status
        );
    }
    for path in [
        "/list/",
        "//list",
        "/sessions//s",
        "/sessions/s/",
        "/health/",
        "/nowhere/",
        "//",
    ] {
        let reply = server.get(path).await;
        assert!(
            [200, 404].contains(&reply.status),
            "{path}: {}",
            reply.status
        );
        assert!(reply.header("location").is_none());
    }
    // V0 and V1 do not strip the slash of their base URL.
    assert_eq!(server.call("POST", "//start", body).await.status, 201);
    server.finish().await;
}

#[tokio::test]
async fn an_unknown_route_is_not_found() {
    let server = Server::start().await;
    for path in [
        "/",
        "/nowhere",
        "/runtime",
        "/start/x",
        "/api/other",
        "/%2e%2e/list",
    ] {
        server.get(path).await.refusal(404);
    }
    server.finish().await;
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let server = Server::start().await;
    for body in [
        "",
        "{",
        "nonsense",
        "[]",
        "\"text\"",
        "7",
        "null",
        "{\"image\": \"tiny\"",
        "\u{feff}{}",
    ] {
        for path in ["/start", "/resume"] {
            let reply = server.call("POST", path, body).await;
            assert!(
                [400, 422, 404].contains(&reply.status),
                "{path} {body}: {}",
                reply.status
            );
            reply.refusal(reply.status);
        }
    }
    let broken = server
        .call("POST", "/start", &b"{\"image\": \"\xff\"}"[..])
        .await;
    broken.refusal(400);
    assert!(server.list().await.is_empty());
    server.finish().await;
}

#[tokio::test]
async fn a_deeply_nested_body_is_refused() {
    let server = Server::start().await;
    let deep = format!(
        "{{\"image\":\"tiny\",\"x\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let reply = server.call("POST", "/start", deep).await;
    reply.refusal(400);
    server.finish().await;
}

#[tokio::test]
async fn a_body_of_10_mb_is_too_large() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "s", "x": "y".repeat(10_000_000)});
    server.post("/start", body).await.refusal(413);
    server.get("/sessions/s").await.refusal(404);
    server.finish().await;
}

#[tokio::test]
async fn there_is_no_builder_and_no_admin() {
    let server = Server::start().await;
    server.call("POST", "/build", "--x--").await.refusal(501);
    for (method, path) in [
        ("GET", "/api/admin/challenge"),
        ("POST", "/api/admin/login"),
        ("GET", "/api/admin/api-keys"),
        ("PUT", "/api/admin/warm-runtime-configs/a%2Fb"),
        ("DELETE", "/api/admin/warm-runtime-configs/a"),
    ] {
        // OHE takes the word for "disabled".
        for headers in [&[][..], &[("X-API-Key", KEY)]] {
            let reply = server.call_with(method, path, headers, "{}").await;
            assert!(reply.refusal(403).contains("admin"), "{method} {path}");
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn a_request_that_is_no_http_is_answered_or_cut_and_nothing_else() {
    let server = Server::start().await;
    for request in [
        "nonsense\r\n\r\n",
        "GET /list HTTP/9.9\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "POST /start HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
    ] {
        let mut client = Raw::connect(server.url()).await;
        client.send(request.as_bytes()).await;
        client.send(b"\r\n\r\n").await;
        let answer = client.read_all().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert_eq!(server.get("/list").await.status, 200);
    server.finish().await;
}

#[tokio::test]
async fn a_head_request_has_the_status_and_no_body() {
    let server = Server::start().await;
    let reply = server.call("HEAD", "/list", "").await;
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    server.finish().await;
}

#[tokio::test]
async fn many_headers_and_long_ones_are_answered() {
    let server = Server::start().await;
    let long = "x".repeat(6000);
    let headers = [
        ("X-API-Key", KEY),
        ("Cookie", long.as_str()),
        ("X-Session-API-Key", "other"),
    ];
    assert_eq!(
        server.call_with("GET", "/list", &headers, "").await.status,
        200
    );
    let reply = server
        .get(&format!("/sessions/{}", "a".repeat(20_000)))
        .await;
    assert!(
        [404, 414, 431, 400].contains(&reply.status),
        "{}",
        reply.status
    );
    server.finish().await;
}
