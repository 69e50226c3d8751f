//! What the sandbox's URL answers (contract §7).

use serde_json::{Value, json};

use crate::support::runtime::Runtime;
use crate::support::server::Server;
use crate::support::setup::KEY;
use crate::support::socket::{Raw, authority};
use crate::support::wait::{SOON, until};

/// The request as the sandbox's program saw it.
fn header<'a>(echo: &'a Value, wanted: &str) -> Vec<&'a str> {
    let headers = echo["headers"].as_array().unwrap();
    headers
        .iter()
        .filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(wanted))
        .map(|pair| pair[1].as_str().unwrap())
        .collect()
}

async fn status_becomes(server: &Server, runtime: &Runtime, status: u16) {
    let url = format!("{}/alive", runtime.url());
    until(&format!("{status} from the gateway"), SOON, async || {
        let reply = server.http.get(&url).await?;
        if reply.status == status {
            reply.refusal(status);
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            Ok(())
        } else {
            Err(format!("{}: {}", reply.status, reply.text()))
        }
    })
    .await;
}

#[tokio::test]
async fn t28_each_state_has_its_code() {
    let server = Server::start().await;
    let body = json!({"image": "tiny", "session_id": "starting", "command": ["tiny", "--delay-ms", "600000"]});
    let starting = server.start_with(body).await;
    status_becomes(&server, &starting, 502).await;
    let running = server.running("s").await;
    server.intend("/pause", running.id()).await;
    status_becomes(&server, &running, 503).await;
    server.intend("/resume", running.id()).await;
    server.wait_for(running.id(), "running").await;
    assert_eq!(server.ask(&running, "/alive").await.status, 200);
    server.finish().await;
}

/// A stopped sandbox gives its port back: nobody answers there, or 404.
#[tokio::test]
async fn a_stopped_sandbox_is_not_found() {
    let server = Server::start().await;
    let running = server.running("s").await;
    server.intend("/stop", running.id()).await;
    server.wait_gone(running.id()).await;
    if let Ok(reply) = server.http.get(&format!("{}/alive", running.url())).await {
        reply.refusal(404);
    }
    server.finish().await;
}

/// Contract §7.3.7.
#[tokio::test]
async fn t29_the_management_key_stays_with_us_and_forwarding_headers_are_ours() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let headers = [
        ("X-API-Key", KEY),
        ("X-Session-API-Key", running.key()),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "gopher"),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "1"),
        ("Te", "trailers"),
        ("Cookie", "a=b"),
    ];
    let url = format!("{}/echo", running.url());
    let echo = server
        .http
        .send("POST", &url, &headers, "body")
        .await
        .unwrap()
        .expect(200);
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["body_bytes"], 4);
    for gone in ["X-API-Key", "X-Hop"] {
        assert!(header(&echo, gone).is_empty(), "{gone}: {echo}");
    }
    assert_eq!(header(&echo, "X-Session-API-Key"), [running.key()]);
    assert_eq!(header(&echo, "Cookie"), ["a=b"]);
    assert_eq!(header(&echo, "X-Forwarded-For"), ["127.0.0.1"]);
    assert_eq!(
        header(&echo, "X-Forwarded-Host"),
        [authority(running.url())]
    );
    assert_eq!(header(&echo, "X-Forwarded-Proto"), ["http"]);
    server.finish().await;
}

#[tokio::test]
async fn paths_pass_byte_for_byte() {
    let server = Server::start().await;
    let running = server.running("s").await;
    for target in [
        "/echo/a%2Fb//c/../d/./e",
        "/echo//",
        "/echo?a=b&a=%20+%2B&c",
        "/echo/%C3%A9%00%ff",
        "/echo/..%2f..%2f",
        "/echo/;a=b:c@d!$'()*,~",
    ] {
        let mut client = Raw::connect(running.url()).await;
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.send(request.as_bytes()).await;
        let answer = client.read_all().await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let echo: Value = serde_json::from_str(body).unwrap();
        assert_eq!(echo["target"], target);
    }
    server.finish().await;
}

#[tokio::test]
async fn t34_a_preflight_is_the_sandboxs_own_business() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let url = format!("{}/echo", running.url());
    let headers = [
        ("Origin", "https://app.example"),
        ("Access-Control-Request-Method", "PATCH"),
    ];
    let reply = server
        .http
        .send("OPTIONS", &url, &headers, "")
        .await
        .unwrap();
    assert_eq!(reply.status, 204);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("https://sandbox.example")
    );
    assert_eq!(
        reply.header("access-control-allow-methods"),
        Some("GET, PATCH")
    );
    server.finish().await;
}

#[tokio::test]
async fn the_sandboxs_answers_pass_unchanged() {
    let server = Server::start().await;
    let running = server.running("s").await;
    for status in [200, 400, 401, 404, 418, 429, 500, 502, 503, 504] {
        let reply = server.ask(&running, &format!("/status/{status}")).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.text(), "as told");
        assert_eq!(reply.header("x-from"), Some("sandbox"));
    }
    let redirect = server.ask(&running, "/redirect").await;
    assert_eq!(redirect.status, 302);
    assert_eq!(redirect.header("location"), Some("/there"));
    assert_eq!(redirect.header("set-cookie"), Some("a=b; Path=/"));
    server.finish().await;
}

/// Contract §9.4: nobody but the server initialises an agent. Its state is no secret: the server asks for it this way.
#[tokio::test]
async fn initialisation_is_not_for_clients() {
    let server = Server::start().await;
    let running = server.running("s").await;
    for path in ["/api/init", "/api/%69nit", "/api/init/", "/api/init?a=b"] {
        for method in ["POST", "PUT"] {
            let url = format!("{}{path}", running.url());
            let reply = server.http.send(method, &url, &[], "").await.unwrap();
            assert!(
                reply.header("x-from").is_none(),
                "{method} {path} came through"
            );
        }
    }
    server.finish().await;
}

/// Contract §7.2: a sandbox that ran is worth waiting for.
#[tokio::test]
async fn a_request_to_a_sandbox_that_heals_is_held() {
    let server = Server::start().await;
    let running = server.running_with("s", &["--delay-ms", "1000"]).await;
    let old = server.ask(&running, "/pid").await.text();
    server.ask(&running, "/exit?code=1").await;
    let reply = server.ask(&running, "/pid").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_ne!(reply.text(), old);
    server.finish().await;
}
