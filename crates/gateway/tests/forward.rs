//! What goes through, and as what it arrives (contract §7.3).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

mod support;

use http::{Method, Request};
use hyper::body::Incoming;
use runtime_core::sandbox::Service;
use support::{Client, Stage, Upstream, get, raw, raw_upstream, read_until, request, text};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn path_and_query_arrive_byte_for_byte() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for path in [
        "/api/file/%2Fworkspace%2Fa%20b",
        "//double//slash/",
        "/a/../b/./c",
        "/q?a=1&a=2&b=%00&c=%zz",
        "/q?url=http://x/?y=z",
        "/?",
        "/{curly}|pipe",
        "/%E2%82%AC?%e2%82%ac",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let answer = raw(stage.agent(), head).await;
        assert!(
            answer.contains(&format!("GET {path}\n")),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_request_in_absolute_form_arrives_in_origin_form() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let head = "GET http://other.test/p?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    assert!(answer.contains("GET /p?q\n"), "{answer}");
    assert!(answer.contains("host: other.test\n"), "{answer}");
}

#[tokio::test]
async fn headers_are_cleaned_on_their_way_to_the_sandbox() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let head = "GET /h HTTP/1.1\r\nHost: h:1\r\nX-API-Key: secret\r\nX-Session-API-Key: s\r\n\
                X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nForwarded: for=9.9.9.9\r\n\
                Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nOrigin: http://o\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    for there in [
        "host: h:1\n",
        "x-session-api-key: s\n",
        "x-forwarded-for: 127.0.0.1\n",
        "x-forwarded-proto: http\n",
        "x-forwarded-host: h:1\n",
        "origin: http://o\n",
    ] {
        assert!(answer.contains(there), "{there} in {answer}");
    }
    for gone in [
        "secret",
        "9.9.9.9",
        "x-hop",
        "keep-alive:",
        "\nte:",
        "access-control",
    ] {
        assert!(!answer.contains(gone), "{gone} in {answer}");
    }
}

#[tokio::test]
async fn a_sandboxs_answer_goes_through_as_it_is() {
    let upstream = raw_upstream(|mut socket, _number| async move {
        read_until(&mut socket, "\r\n\r\n").await;
        let answer = "HTTP/1.1 418 Short And Stout\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nLocation: ../x\r\n\
                      Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
                      Access-Control-Allow-Origin: *\r\nContent-Length: 3\r\n\r\ntea";
        socket.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let stage = Stage::before(upstream);
    let answer = raw(
        stage.agent(),
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 418 Short And Stout\r\n"),
        "{answer}"
    );
    for there in [
        "set-cookie: a=1\r\n",
        "set-cookie: b=2\r\n",
        "location: ../x\r\n",
        "access-control-allow-origin: *\r\n",
        "content-length: 3\r\n",
        "\r\n\r\ntea",
    ] {
        assert!(answer.contains(there), "{there} in {answer}");
    }
    for gone in ["x-hop", "timeout=5", "date:"] {
        assert!(!answer.contains(gone), "{gone} in {answer}");
    }
}

#[tokio::test]
async fn the_length_of_a_body_is_kept() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for (method, body) in [
        (Method::POST, "hello"),
        (Method::PUT, ""),
        (Method::DELETE, "x"),
        (Method::GET, "odd"),
    ] {
        let head = format!(
            "{method} / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = raw(stage.agent(), head).await;
        let length = format!("content-length: {}\n", body.len());
        assert!(answer.contains(&length), "{method}: {answer}");
        assert!(!answer.contains("transfer-encoding"), "{method}: {answer}");
        assert!(
            answer.ends_with(&format!("\n\n{body}")),
            "{method}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_chunked_body_arrives_chunked_whatever_the_method() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for method in ["POST", "GET", "DELETE"] {
        let head = format!(
            "{method} / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
             3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        );
        let answer = raw(stage.agent(), head).await;
        assert!(answer.contains("transfer-encoding: chunked\n"), "{answer}");
        assert!(answer.ends_with("\n\nabcde"), "{answer}");
    }
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let upstream = Upstream::new(|_request: Request<Incoming>| async { text(200, "12345") }).await;
    let stage = Stage::before(upstream.address);
    let answer = raw(
        stage.agent(),
        "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.contains("content-length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_of_http_1_0_is_served() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let answer = raw(stage.agent(), "GET /old HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains("GET /old\n"), "{answer}");
}

#[tokio::test]
async fn one_connection_to_the_sandbox_serves_many_requests() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for _ in 0..3 {
        let mut client = Client::connect(stage.agent()).await;
        for method in [Method::GET, Method::POST, Method::HEAD, Method::DELETE] {
            let answer = client.send(request(method, "/", "")).await;
            assert_eq!(answer.status, 200);
        }
        let answer = client.send(request(Method::POST, "/", "with a body")).await;
        assert!(answer.text().ends_with("with a body"));
    }
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn each_door_leads_to_its_service() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for service in Service::ALL {
        let answer = get(stage.door(service), "/here").await;
        assert!(answer.text().starts_with("GET /here\n"));
    }
}

#[tokio::test]
async fn a_client_that_asks_first_hears_the_sandboxs_word() {
    // It refuses by the head alone: the client is never asked for the body.
    let refusing = raw_upstream(|mut socket, _number| async move {
        let head = read_until(&mut socket, "\r\n\r\n").await;
        assert!(head.contains("expect: 100-continue"), "{head}");
        let answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
        socket.write_all(answer.as_bytes()).await.unwrap();
        // Held open: closing would be an answer of its own.
        read_until(&mut socket, "never").await;
    })
    .await;
    let stage = Stage::before(refusing);
    let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    // It agrees: the client is asked, sends, and is answered.
    let upstream = Upstream::mirror().await;
    stage.run(2, upstream.address);
    let mut socket = TcpStream::connect(stage.agent()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut socket, "HTTP/1.1 100 Continue\r\n\r\n").await;
    socket.write_all(b"12345").await.unwrap();
    let answer = read_until(&mut socket, "\n\n12345").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn initialisation_is_refused_and_its_state_can_be_read() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let mut client = Client::connect(stage.agent()).await;
    for path in ["/api/init", "/api/%69nit"] {
        let answer = client.send(request(Method::POST, path, "{}")).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("\"detail\":"), "{}", answer.text());
    }
    let answer = client.send(request(Method::GET, "/api/init", "")).await;
    assert_eq!(answer.status, 200);
    // A user's application may have such a path.
    let answer = Client::connect(stage.door(Service::Work1))
        .await
        .send(request(Method::POST, "/api/init", "{}"))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn requests_are_activity_and_probes_are_not() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for probe in ["/alive", "/health", "/ready", "/server_info"] {
        get(stage.agent(), probe).await;
    }
    assert_eq!(stage.routes.activity(), 0);
    get(stage.agent(), "/api/conversations").await;
    assert_eq!(stage.routes.activity(), 1);
}
