//! WebSockets and any other protocol that a client and a sandbox agree on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failed check panics"
)]

mod support;

use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use runtime_core::Standing;
use support::{Stage, get, raw, raw_upstream, read_until, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{accept_async, client_async};

/// Says back what it hears; closes with 4001 when told to.
async fn echo() -> SocketAddr {
    raw_upstream(|socket, _number| async move {
        let mut socket = accept_async(socket).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message == Message::text("close") {
                let frame = CloseFrame {
                    code: 4001.into(),
                    reason: "told to".into(),
                };
                socket.close(Some(frame)).await.unwrap();
            } else if message.is_text() || message.is_binary() {
                socket.send(message).await.unwrap();
            }
        }
    })
    .await
}

async fn websocket(stage: &Stage) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let socket = TcpStream::connect(stage.agent()).await.unwrap();
    let (socket, response) = soon(client_async("ws://sandbox.test/sockets/events", socket))
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    socket
}

#[tokio::test]
async fn websocket_messages_pings_and_close_codes_go_through() {
    let stage = Stage::before(echo().await);
    let mut socket = websocket(&stage).await;
    for message in [
        Message::text("hello"),
        Message::binary(vec![7; 300_000]),
        Message::text(""),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(soon(socket.next()).await.unwrap().unwrap(), message);
    }
    socket.send(Message::Ping("p".into())).await.unwrap();
    let pong = soon(socket.next()).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("p".into()));
    socket.send(Message::text("close")).await.unwrap();
    let Message::Close(Some(frame)) = soon(socket.next()).await.unwrap().unwrap() else {
        panic!("no close frame");
    };
    assert_eq!(
        (frame.code.into(), frame.reason.as_str()),
        (4001_u16, "told to")
    );
}

#[tokio::test]
async fn only_what_a_client_says_is_activity() {
    let stage = Stage::before(echo().await);
    let mut socket = websocket(&stage).await;
    socket.send(Message::Ping("p".into())).await.unwrap();
    soon(socket.next()).await.unwrap().unwrap();
    assert_eq!(stage.routes.activity(), 0);
    socket.send(Message::text("hello")).await.unwrap();
    soon(socket.next()).await.unwrap().unwrap();
    assert_eq!(stage.routes.activity(), 1);
}

#[tokio::test]
async fn any_protocol_can_be_switched_to_and_one_side_may_end_first() {
    let upstream = raw_upstream(|mut socket, _number| async move {
        let head = read_until(&mut socket, "\r\n\r\n").await;
        assert!(head.contains("upgrade: shout/1\r\n"), "{head}");
        assert!(head.contains("connection: upgrade\r\n"), "{head}");
        // The first bytes of the new protocol come with the head of the answer.
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout/1\r\n\r\nWELCOME";
        socket.write_all(answer.as_bytes()).await.unwrap();
        let mut heard = String::new();
        socket.read_to_string(&mut heard).await.unwrap();
        socket
            .write_all(heard.to_uppercase().as_bytes())
            .await
            .unwrap();
    })
    .await;
    let stage = Stage::before(upstream);
    let mut socket = TcpStream::connect(stage.agent()).await.unwrap();
    // And the client's with its request.
    let head = "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: shout/1\r\n\r\nhello ";
    socket.write_all(head.as_bytes()).await.unwrap();
    let answer = read_until(&mut socket, "WELCOME").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("upgrade: shout/1\r\n"), "{answer}");
    socket.write_all(b"there").await.unwrap();
    socket.shutdown().await.unwrap();
    let mut rest = String::new();
    soon(socket.read_to_string(&mut rest)).await.unwrap();
    assert_eq!(rest, "HELLO THERE");
}

#[tokio::test]
async fn a_refused_switch_is_an_ordinary_answer() {
    let upstream = support::Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let head =
        "GET /no HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("GET /no\n"), "{answer}");
}

#[tokio::test]
async fn http_2_in_clear_text_is_not_switched_to() {
    let upstream = support::Upstream::mirror().await;
    let stage = Stage::before(upstream.address);
    let head = "GET /h2 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
                Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    let answer = raw(stage.agent(), head).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(!answer.contains("h2c"), "{answer}");
    assert!(!answer.contains("http2-settings"), "{answer}");
}

#[tokio::test]
async fn tunnels_end_when_the_boot_leaves() {
    let stage = Stage::before(echo().await);
    let mut socket = websocket(&stage).await;
    socket.send(Message::text("hello")).await.unwrap();
    soon(socket.next()).await.unwrap().unwrap();
    stage.set(2, Standing::Paused);
    let ended = soon(socket.next()).await;
    assert!(!matches!(ended, Some(Ok(_))), "{ended:?}");
    assert_eq!(get(stage.agent(), "/").await.status, 503);
}

#[tokio::test]
async fn tunnels_count_against_the_bound_of_their_sandbox() {
    let stage = Stage::with(|settings| settings.connections_per_sandbox = 2);
    stage.run(1, echo().await);
    let first = websocket(&stage).await;
    let _second = websocket(&stage).await;
    let refused = get(stage.agent(), "/").await;
    assert_eq!(refused.status, 429);
    assert!(refused.text().contains("\"detail\":"), "{}", refused.text());
    drop(first);
    // The place is free as soon as the gateway has seen the end.
    soon(async {
        loop {
            let socket = TcpStream::connect(stage.agent()).await.unwrap();
            if client_async("ws://sandbox.test/", socket).await.is_ok() {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_tunnel_that_the_sandbox_ends_ends_for_the_client() {
    let upstream = raw_upstream(|socket, _number| async move {
        drop(accept_async(socket).await.unwrap());
    })
    .await;
    let stage = Stage::before(upstream);
    let mut socket = websocket(&stage).await;
    let ended = soon(socket.next()).await;
    assert!(!matches!(ended, Some(Ok(_))), "{ended:?}");
    assert_eq!(stage.routes.activity(), 0);
}
