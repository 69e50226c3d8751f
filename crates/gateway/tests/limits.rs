//! Clients that are slow, greedy or mean, and the end of the gateway.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failed check panics"
)]

mod support;

use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use support::{
    BOUND, Client, Stage, Upstream, get, raw, raw_upstream, read_until, request, soon, text, until,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_request_with_two_meanings_is_refused() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    for head in [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
    ] {
        let answer = raw(stage.agent(), head).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?}: {answer:?}");
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn of_length_and_chunks_only_the_chunks_are_believed_and_passed_on() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    // Either it is refused, or read by the chunks alone; never is a length passed on beside them.
    if !answer.starts_with("HTTP/1.1 400 ") {
        assert!(answer.contains("\n\nabc"), "{answer}");
        assert!(!answer.contains("content-length: 4"), "{answer}");
    }
}

#[tokio::test]
async fn connect_is_refused() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let head = "CONNECT example.test:443 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX-Long: {}\r\n",
        "x".repeat(70_000)
    );
    let answer = raw(stage.agent(), long).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    let many: String = (0..200)
        .map(|number| format!("X-{number}: 1\r\n"))
        .collect();
    let answer = raw(
        stage.agent(),
        format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_is_slow_to_ask_is_let_go_while_others_are_served() {
    let upstream = Upstream::mirror().await;
    let stage = Stage::with(|settings| settings.header_read = Duration::from_millis(500));
    stage.run(1, upstream.address);
    let mut slow = TcpStream::connect(stage.agent()).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHos").await.unwrap();
    assert_eq!(get(stage.agent(), "/").await.status, 200);
    let mut rest = Vec::new();
    // Closed by the gateway: the read ends.
    soon(slow.read_to_end(&mut rest)).await.ok();
    assert_eq!(get(stage.agent(), "/").await.status, 200);
}

#[tokio::test]
async fn one_sandbox_has_only_so_many_requests_at_a_time() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let upstream = Upstream::new(move |_request: Request<Incoming>| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            text(200, "done")
        }
    })
    .await;
    let stage = Stage::with(|settings| settings.connections_per_sandbox = 2);
    stage.run(1, upstream.address);
    let address = stage.agent();
    let tasks = tokio_util::task::TaskTracker::new();
    let first: Vec<_> = (0..2)
        .map(|_| tasks.spawn(async move { get(address, "/").await.status }))
        .collect();
    until("two are under way", || stage.routes.activity() == 2).await;
    assert_eq!(get(address, "/").await.status, 429);
    go.send(true).unwrap();
    for status in first {
        assert_eq!(soon(status).await.unwrap(), 200);
    }
    assert_eq!(get(address, "/").await.status, 200);
}

#[tokio::test]
async fn a_shutdown_waits_for_requests_and_takes_no_new_ones() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let upstream = Upstream::new(move |_request: Request<Incoming>| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            text(200, "done")
        }
    })
    .await;
    let stage = Stage::before(upstream.address);
    let address = stage.agent();
    let tasks = tokio_util::task::TaskTracker::new();
    let under_way = tasks.spawn(async move { get(address, "/").await });
    let idle = TcpStream::connect(address).await.unwrap();
    until("it is under way", || stage.routes.activity() == 1).await;

    let gateway = stage.gateway;
    let ended = tasks.spawn(async move { gateway.shutdown(BOUND).await });
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!ended.is_finished());
    go.send(true).unwrap();
    let answer = soon(under_way).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "done"));
    assert_eq!(answer.headers["connection"], "close");
    soon(ended).await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn a_shutdown_cuts_what_does_not_end() {
    let upstream = raw_upstream(|mut socket, _number| async move {
        let head = read_until(&mut socket, "\r\n\r\n").await;
        if head.contains("upgrade: forever") {
            let answer =
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: forever\r\n\r\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
        read_until(&mut socket, "never").await;
    })
    .await;
    let stage = Stage::before(upstream);
    let mut waiting = TcpStream::connect(stage.agent()).await.unwrap();
    waiting
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    until("it is under way", || stage.routes.activity() == 1).await;
    let mut tunnel = TcpStream::connect(stage.agent()).await.unwrap();
    tunnel
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: forever\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut tunnel, "\r\n\r\n").await;

    soon(stage.gateway.shutdown(Duration::from_millis(100))).await;
    let mut rest = Vec::new();
    soon(waiting.read_to_end(&mut rest)).await.ok();
    assert!(rest.is_empty());
    soon(tunnel.read_to_end(&mut rest)).await.ok();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn many_clients_at_once_each_get_their_own_answer() {
    let upstream = Upstream::new(|request: Request<Incoming>| async move {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text(200, format!("{path} {}", String::from_utf8_lossy(&body)))
    })
    .await;
    let stage = Stage::before(upstream.address);
    let address = stage.agent();
    let tasks = tokio_util::task::TaskTracker::new();
    let clients: Vec<_> = (0..50)
        .map(|client| {
            tasks.spawn(async move {
                let mut connection = Client::connect(address).await;
                for round in 0..20 {
                    let path = format!("/{client}/{round}");
                    let answer = connection.send(request(Method::POST, &path, "b")).await;
                    assert_eq!(answer.text(), format!("{path} b"));
                }
            })
        })
        .collect();
    for client in clients {
        soon(client).await.unwrap();
    }
    assert!(upstream.connections() <= 64, "{}", upstream.connections());
}
