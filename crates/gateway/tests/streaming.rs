//! Bodies stream in both directions: at once, without a cap, and without being collected.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failed check panics"
)]

mod support;

use std::future::poll_fn;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, channel::mpsc};
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use support::{AnyBody, Client, Stage, Upstream, raw_upstream, read_until, soon, text};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Much more than all buffers on the way together.
const MUCH: usize = 64 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;

fn channel() -> (mpsc::Sender<Bytes>, AnyBody) {
    let (sender, receiver) = mpsc::channel(1);
    let frames = receiver.map(|bytes| Ok(Frame::data(bytes)));
    (sender, BodyExt::boxed(StreamBody::new(frames)))
}

#[tokio::test]
async fn the_first_event_arrives_before_the_stream_ends() {
    let upstream = raw_upstream(|mut socket, _number| async move {
        read_until(&mut socket, "\r\n\r\n").await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(b"d\r\ndata: first\n\n\r\n").await.unwrap();
        // Nothing more, and no end.
        read_until(&mut socket, "never").await;
    })
    .await;
    let stage = Stage::before(upstream);
    let mut socket = TcpStream::connect(stage.agent()).await.unwrap();
    socket
        .write_all(b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut socket, "data: first\n\n").await;
}

#[tokio::test]
async fn both_directions_stream_at_the_same_time() {
    let upstream = Upstream::new(|request: Request<Incoming>| async {
        Response::new(request.into_body().map_err(Into::into).boxed())
    })
    .await;
    let stage = Stage::before(upstream.address);
    let (mut sender, body) = channel();
    let request = Request::post("/echo")
        .header("host", "h")
        .body(body)
        .unwrap();
    let response = Client::connect(stage.agent()).await.start(request).await;
    let mut answer = response.into_body();
    for round in 0..10 {
        let said = format!("round {round}");
        sender.send(said.clone().into()).await.unwrap();
        let frame = soon(answer.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), said);
    }
    drop(sender);
    assert!(soon(answer.frame()).await.is_none());
}

#[tokio::test]
async fn a_big_upload_arrives_whole_and_waits_for_a_slow_sandbox() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let upstream = Upstream::new(move |request: Request<Incoming>| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            let mut body = request.into_body();
            let mut count = 0;
            while let Some(frame) = body.frame().await {
                count += frame.unwrap().into_data().unwrap().len();
            }
            text(200, count.to_string())
        }
    })
    .await;
    let stage = Stage::before(upstream.address);
    let (mut sender, body) = channel();
    let request = Request::post("/upload")
        .header("host", "h")
        .body(body)
        .unwrap();
    let mut client = Client::connect(stage.agent()).await;
    let answer = tokio::spawn(async move { client.send(request).await });

    // While nobody reads, only the buffers on the way are filled: the gateway does not collect.
    let mut sent = 0;
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    while let Ok(Ok(())) = tokio::time::timeout(
        std::time::Duration::from_secs(2),
        poll_fn(|cx| sender.poll_ready(cx)),
    )
    .await
    {
        sender.start_send(chunk.clone()).unwrap();
        sent += CHUNK;
        assert!(sent < MUCH / 2, "the gateway collects what nobody reads");
    }
    go.send(true).unwrap();
    while sent < MUCH {
        soon(sender.send(chunk.clone())).await.unwrap();
        sent += CHUNK;
    }
    drop(sender);
    assert_eq!(soon(answer).await.unwrap().text(), sent.to_string());
}

#[tokio::test]
async fn a_big_download_waits_for_a_slow_client() {
    let (sent, mut count) = tokio::sync::watch::channel(0);
    let upstream = Upstream::new(move |_request: Request<Incoming>| {
        let sent = sent.clone();
        async move {
            let (mut sender, body) = channel();
            tokio::spawn(async move {
                let chunk = Bytes::from(vec![b'x'; CHUNK]);
                while *sent.borrow() < MUCH && sender.send(chunk.clone()).await.is_ok() {
                    sent.send_modify(|sent| *sent += CHUNK);
                }
            });
            Response::new(body)
        }
    })
    .await;
    let stage = Stage::before(upstream.address);
    let request = support::request(Method::GET, "/download", "");
    let response = Client::connect(stage.agent()).await.start(request).await;
    // It stalls, because nobody reads.
    while tokio::time::timeout(std::time::Duration::from_secs(2), count.changed())
        .await
        .is_ok()
    {
        assert!(
            *count.borrow() < MUCH / 2,
            "the gateway collects what nobody reads"
        );
    }
    let mut body = response.into_body();
    let mut received = 0;
    while let Some(frame) = soon(body.frame()).await {
        received += frame.unwrap().into_data().unwrap().len();
    }
    assert_eq!(received, MUCH);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_request_to_the_sandbox() {
    let (gone, mut is_gone) = tokio::sync::watch::channel(false);
    let upstream = raw_upstream(move |mut socket, _number| {
        let gone = gone.clone();
        async move {
            read_until(&mut socket, "\r\n\r\n").await;
            let mut buffer = [0; 16];
            let read = tokio::io::AsyncReadExt::read(&mut socket, &mut buffer).await;
            assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
            gone.send(true).unwrap();
        }
    })
    .await;
    let stage = Stage::before(upstream);
    let mut socket = TcpStream::connect(stage.agent()).await.unwrap();
    socket
        .write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    support::until("the request arrives", || stage.routes.activity() == 1).await;
    drop(socket);
    soon(is_gone.wait_for(|gone| *gone)).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_passed_off_as_whole() {
    let upstream = raw_upstream(|mut socket, _number| async move {
        read_until(&mut socket, "\r\n\r\n").await;
        let part = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        socket.write_all(part.as_bytes()).await.unwrap();
    })
    .await;
    let stage = Stage::before(upstream);
    let head = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = support::raw(stage.agent(), head).await;
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
}
