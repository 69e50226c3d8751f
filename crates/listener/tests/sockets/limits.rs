//! Hostile and clumsy clients lose their connection, and only theirs.

use std::time::Duration;

use crate::support::{Running, SOON, client, held, read, settings, soon};

/// How long clients may be slow where a test waits for the end of it.
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn slow_heads_are_cut() {
    let mut settings = settings();
    settings.header_read = SHORT;
    let running = Running::echo(settings).await;
    for beginning in [
        "",
        "G",
        "GET / HTTP/1.1\r\nhost: a\r\nx-slow",
        "PRI * HTTP/2.0",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ] {
        let mut raw = running.connect().await;
        raw.send(beginning).await;
        let rest = raw.rest().await;
        assert!(!rest.contains(" 200 "), "{beginning:?}: {rest}");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_more_is_let_go() {
    let mut settings = settings();
    settings.header_read = SHORT;
    let running = Running::echo(settings).await;
    let mut raw = running.connect().await;
    raw.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    raw.answer().await;
    assert_eq!(raw.rest().await, "");
}

#[tokio::test]
async fn a_request_may_take_longer_than_its_head() {
    for http2 in [false, true] {
        let mut settings = settings();
        settings.header_read = Duration::from_millis(20);
        let (service, mut arrivals) = held();
        let running = Running::with(settings, service, SOON).await;
        let client = client(http2);
        let url = running.url("/").parse().unwrap();
        let (response, ()) = tokio::join!(client.get(url), async {
            let request = soon(arrivals.recv()).await.unwrap();
            tokio::time::sleep(SHORT).await;
            request.send(()).unwrap();
        });
        assert_eq!(read(response.unwrap()).await.0, 200);
    }
}

#[tokio::test]
async fn heads_that_are_too_large_are_answered_with_431() {
    let mut settings = settings();
    settings.head_bytes = 16 * 1024;
    let running = Running::echo(settings).await;
    let long = format!("x-long: {}\r\n", "a".repeat(20 * 1024));
    let many: String = (0..101).map(|n| format!("x-{n}: a\r\n")).collect();
    for headers in [long, many] {
        let mut raw = running.connect().await;
        raw.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n"))
            .await;
        let answer = raw.rest().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let request = http::Request::get(running.url("/"))
        .header("x-long", "a".repeat(20 * 1024))
        .body(http_body_util::Full::default())
        .unwrap();
    let response = soon(client(true).request(request)).await.unwrap();
    assert_eq!(response.status(), 431);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let mut settings = settings();
    settings.connections = 2;
    let (service, mut arrivals) = held();
    let running = Running::with(settings, service, SOON).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut raw = running.connect().await;
        raw.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await;
        clients.push(raw);
    }
    let first = soon(arrivals.recv()).await.unwrap();
    let second = soon(arrivals.recv()).await.unwrap();
    let third = tokio::time::timeout(SHORT, arrivals.recv()).await;
    assert!(third.is_err(), "a third one is served");
    first.send(()).unwrap();
    let third = soon(arrivals.recv()).await.unwrap();
    second.send(()).unwrap();
    third.send(()).unwrap();
    for mut raw in clients {
        assert!(raw.rest().await.ends_with("at last"));
    }
}

#[tokio::test]
async fn a_panicking_request_costs_its_connection_alone() {
    let service =
        hyper::service::service_fn(async |request: http::Request<hyper::body::Incoming>| {
            assert_ne!(request.uri().path(), "/panic");
            Ok(http::Response::new(
                http_body_util::Full::<bytes::Bytes>::from("well"),
            ))
        });
    let running = Running::with(settings(), service, SOON).await;
    for http2 in [false, true] {
        let client = client(http2);
        let get = async |path| soon(client.get(running.url(path).parse().unwrap())).await;
        assert!(get("/panic").await.is_err());
        assert_eq!(read(get("/").await.unwrap()).await.1, "well");
    }
}
