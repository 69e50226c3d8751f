//! Hostile and clumsy clients lose their connection, and only theirs.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

#[tokio::test]
async fn a_large_head_that_is_still_being_sent_is_answered_too() {
    let mut settings = settings();
    settings.head_bytes = 16 * 1024;
    let running = Running::echo(settings).await;
    // More than fits into the buffers between both ends: the client is writing when it is refused.
    let head = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n",
        "a".repeat(512 * 1024)
    );
    let raw = running.connect().await;
    let (mut reads, mut writes) = raw.0.into_split();
    let sending = async {
        // Refused clients cannot send all.
        writes.write_all(head.as_bytes()).await.ok();
        writes
    };
    let reading = async {
        let mut answer = vec![0; 4096];
        let length = reads.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let (_writes, answer) = soon(async { tokio::join!(sending, reading) }).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn streams_that_are_begun_only_to_be_reset_end_the_connection() {
    let (headers, reset, settings_kind, go_away) = (1, 3, 4, 7);
    let running = Running::echo(settings()).await;
    let mut raw = running.connect().await;
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(settings_kind, 0, 0, &[]));
    for stream in (1..2001).step_by(2) {
        // GET http://a/, by the tables of HPACK.
        flood.extend(frame(headers, 5, stream, b"\x82\x86\x84\x41\x01a"));
        flood.extend(frame(reset, 0, stream, &[0, 0, 0, 8]));
    }
    soon(raw.0.write_all(&flood)).await.ok();
    let rest = raw.rest_bytes().await;
    let mut kinds = Vec::new();
    let mut at = rest.as_slice();
    while let [a, b, c, kind, ..] = *at {
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
        kinds.push(kind);
        at = at.get(9 + length..).unwrap_or_default();
    }
    assert!(kinds.contains(&go_away), "{kinds:?}");
}
