//! Both versions of HTTP in clear text, who asks, and switches of protocols.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use listener::Stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::task::TaskTracker;

use crate::support::{Running, SOON, client, read, settings, soon};

#[tokio::test]
async fn http_1_and_http_2_are_spoken_on_one_port() {
    let running = Running::echo(settings()).await;
    for (http2, version) in [(false, "HTTP/1.1"), (true, "HTTP/2.0")] {
        let url = running.url("/a").parse().unwrap();
        let (status, text) = read(soon(client(http2).get(url)).await.unwrap()).await;
        assert_eq!(status, 200);
        let expected = format!("{version} /a from 127.0.0.1 of 127.0.0.1:");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte_and_others_behind_it() {
    let running = Running::echo(settings()).await;
    let mut raw = running.connect().await;
    for byte in b"POST /first HTTP/1.1\r\nhost: a\r\n\r\n" {
        raw.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(raw.answer().await.contains("/first"));
    raw.send("GET /second HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(raw.answer().await.contains("/second"));
}

#[tokio::test]
async fn only_a_trusted_proxy_speaks_for_its_clients() {
    let mut trusting = settings();
    trusting.trusted_proxies = ["127.0.0.0/8".parse().unwrap()].into_iter().collect();
    for (settings, client) in [(settings(), "127.0.0.1"), (trusting, "198.51.100.7")] {
        let running = Running::echo(settings).await;
        let mut raw = running.connect().await;
        raw.send("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.1.1.1, 198.51.100.7\r\n\r\n")
            .await;
        let answer = raw.answer().await;
        assert!(
            answer.contains(&format!("from {client} of 127.0.0.1:")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_switch_of_protocols_gives_the_bare_stream() {
    let tunnels = TaskTracker::new();
    let spawn_on = tunnels.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let upgrade = hyper::upgrade::on(&mut request);
        spawn_on.spawn(async move {
            let parts = upgrade
                .await
                .unwrap()
                .downcast::<TokioIo<Stream>>()
                .unwrap();
            assert_eq!(parts.read_buf, "early ");
            let mut stream = parts.io.into_inner();
            let mut late = [0; 4];
            stream.read_exact(&mut late).await.unwrap();
            stream.write_all(&late).await.unwrap();
        });
        async {
            let response = Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header("connection", "upgrade")
                .header("upgrade", "echo");
            Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).unwrap())
        }
    });
    let running = Running::with(settings(), service, SOON).await;
    let mut raw = running.connect().await;
    raw.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nearly ")
        .await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 101 "));
    // The listener does not wait for tunnels, nor does it cut them.
    running.stop();
    running.ended().await;
    raw.send("late").await;
    assert_eq!(raw.rest().await, "late");
    tunnels.close();
    soon(tunnels.wait()).await;
}
