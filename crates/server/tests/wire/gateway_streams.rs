//! What flows through the gateway for long or in masses: sockets, events, uploads (contract §7.3).

use http_body_util::BodyExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::http::next_part;
use crate::support::server::Server;
use crate::support::socket::{Raw, Socket};

#[tokio::test]
async fn t30_a_websocket_needs_no_key_in_its_handshake() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let mut socket = Socket::connect(&format!("{}/ws?auth=1", running.url())).await;
    socket.say(running.key()).await;
    assert_eq!(socket.hear().await, Some(Message::text("welcome")));
    socket.must_echo("hello").await;
    socket.must_echo(&"x".repeat(1 << 20)).await;

    let mut stranger = Socket::connect(&format!("{}/ws?auth=1", running.url())).await;
    stranger.say("wrong").await;
    let Some(Message::Close(Some(frame))) = stranger.hear().await else {
        panic!("no close frame");
    };
    assert_eq!(frame.code, CloseCode::from(4001));
    server.finish().await;
}

#[tokio::test]
async fn close_codes_pass_through() {
    let server = Server::start().await;
    let running = server.running("s").await;
    for code in [1013, 4001, 4004] {
        let mut socket = Socket::connect(&format!("{}/ws?close={code}", running.url())).await;
        let Some(Message::Close(Some(frame))) = socket.hear().await else {
            panic!("no close frame");
        };
        assert_eq!(frame.code, CloseCode::from(code));
        assert_eq!(frame.reason.as_str(), "as told");
    }
    server.finish().await;
}

#[tokio::test]
async fn any_upgrade_becomes_a_tunnel() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let mut tunnel = Raw::connect(running.url()).await;
    tunnel
        .send(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
        .await;
    let head = tunnel.read_to("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.to_lowercase().contains("upgrade: echo"), "{head}");
    tunnel.send(b"and late.").await;
    assert_eq!(tunnel.read_to("late.").await, "early and late.");
    server.finish().await;
}

/// The second event is an hour away.
#[tokio::test]
async fn t31_the_first_event_arrives_at_once() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let url = format!("{}/sse?ms=3600000", running.url());
    let response = server.http.open("GET", &url, &[], "").await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert_eq!(next_part(&mut body).await.unwrap(), "data: 1\n\n");
    drop(body);
    server.finish().await;
}

/// For a shorter time: nothing cuts an answer that is late.
#[tokio::test]
async fn t32_a_slow_answer_passes() {
    let server = Server::start().await;
    let running = server.running("s").await;
    assert_eq!(
        server.ask(&running, "/slow?ms=4000").await.text(),
        "at last"
    );
    server.finish().await;
}

/// More than fits into 31 bits or any buffer.
#[tokio::test]
async fn t33_an_upload_of_3_gib_passes() {
    const SIZE: usize = 3 << 30;
    let server = Server::start().await;
    let running = server.running("s").await;
    let mut client = Raw::connect(running.url()).await;
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n"
    );
    client.send(head.as_bytes()).await;
    let block = vec![b'u'; 1 << 20];
    for _ in 0..SIZE / block.len() {
        client.send(&block).await;
    }
    let answer = client.read_all().await;
    assert!(
        answer.ends_with(&json!({"bytes": SIZE}).to_string()),
        "{answer}"
    );
    server.finish().await;
}

#[tokio::test]
async fn a_download_of_300_mib_passes() {
    const SIZE: usize = 300 << 20;
    let server = Server::start().await;
    let running = server.running("s").await;
    let url = format!("{}/download?bytes={SIZE}", running.url());
    let response = server.http.open("GET", &url, &[], "").await.unwrap();
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().data_ref().map_or(0, bytes::Bytes::len);
    }
    assert_eq!(bytes, SIZE);
    server.finish().await;
}

#[tokio::test]
async fn a_client_that_waits_to_continue_is_told_to() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let mut client = Raw::connect(running.url()).await;
    client
        .send(b"POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .await;
    let interim = client.read_to("\r\n\r\n").await;
    assert!(interim.starts_with("HTTP/1.1 100"), "{interim}");
    client.send(b"bytes").await;
    let head = client.read_to("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    server.finish().await;
}

#[tokio::test]
async fn tunnels_end_with_their_boot() {
    let server = Server::start().await;
    let running = server.running("s").await;
    let mut socket = Socket::connect(&format!("{}/ws", running.url())).await;
    socket.must_echo("hello").await;
    server.intend("/pause", running.id()).await;
    assert!(!matches!(socket.hear().await, Some(Message::Text(_))));
    server.finish().await;
}
