//! Connections below HTTP: raw bytes and WebSockets.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const BOUND: Duration = Duration::from_secs(60);

/// Host and port of an `http://` URL.
pub(crate) fn authority(url: &str) -> &str {
    url.strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap()
}

/// A connection for bytes.
#[derive(Debug)]
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) async fn connect(url: &str) -> Self {
        Self(TcpStream::connect(authority(url)).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads until the text ends so.
    pub(crate) async fn read_to(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        let read = async {
            while !text.ends_with(end.as_bytes()) {
                let byte = self.0.read_u8().await;
                text.push(byte.unwrap_or_else(|error| {
                    panic!("{error} after {:?}", String::from_utf8_lossy(&text))
                }));
            }
        };
        tokio::time::timeout(BOUND, read)
            .await
            .expect("no such end in time");
        String::from_utf8(text).unwrap()
    }

    /// Reads until the other side ends the connection.
    pub(crate) async fn read_all(&mut self) -> String {
        let mut text = Vec::new();
        tokio::time::timeout(BOUND, self.0.read_to_end(&mut text))
            .await
            .expect("the connection stays open")
            .ok();
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// A WebSocket that was accepted.
#[derive(Debug)]
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn connect(url: &str) -> Self {
        let url = url.replacen("http://", "ws://", 1);
        let connecting = tokio_tungstenite::connect_async(&url);
        let (socket, _) = tokio::time::timeout(BOUND, connecting)
            .await
            .expect("no handshake in time")
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        Self(socket)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message; none when the connection broke.
    pub(crate) async fn hear(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(BOUND, self.0.next()).await;
        next.expect("no message in time")?.ok()
    }

    /// Says something and hears it come back.
    pub(crate) async fn must_echo(&mut self, text: &str) {
        self.say(text).await;
        assert_eq!(self.hear().await, Some(Message::text(text)));
    }
}
