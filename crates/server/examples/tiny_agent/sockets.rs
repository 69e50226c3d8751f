//! Connections that become something else: WebSockets, and a protocol that echoes bytes.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::message::{Connection, Next, Request};

/// A WebSocket that sends back what it gets.
pub(crate) fn web_socket(mut connection: Connection, request: &Request) -> io::Result<Next> {
    let Some(key) = request.header("sec-websocket-key") else {
        return connection.reply(426, "Upgrade: websocket\r\n", b"a WebSocket only");
    };
    connection.write(
        format!(
            "HTTP/1.1 101 Tiny\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        )
        .as_bytes(),
    )?;
    let (stream, early) = connection.into_parts();
    let config = WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0);
    let mut socket = WebSocket::from_partially_read(stream, early, Role::Server, Some(config));
    // The peer may be gone at any moment; then there is nobody to tell.
    talk(&mut socket, request).map_err(io::Error::other)?;
    Ok(Next::End)
}

fn talk(socket: &mut WebSocket<TcpStream>, request: &Request) -> tungstenite::Result<()> {
    if let Some(code) = request.number::<u16>("close") {
        return close(socket, code);
    }
    if request.number("auth") == Some(1) {
        let key = std::env::var("OH_SESSION_API_KEYS_0").unwrap_or_default();
        let first = socket.read()?;
        if first.to_text().is_ok_and(|text| text.contains(&key)) {
            socket.send(Message::text("welcome"))?;
        } else {
            return close(socket, 4001);
        }
    }
    loop {
        match socket.read()? {
            message @ (Message::Text(_) | Message::Binary(_)) => socket.send(message)?,
            // Pings are answered by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => socket.flush()?,
            Message::Close(_) => {}
        }
    }
}

fn close(socket: &mut WebSocket<TcpStream>, code: u16) -> tungstenite::Result<()> {
    socket.close(Some(CloseFrame {
        code: code.into(),
        reason: "as told".into(),
    }))?;
    loop {
        socket.read()?;
    }
}

/// `Upgrade: echo`: every byte comes back, until the peer sends no more.
pub(crate) fn echo(mut connection: Connection) -> io::Result<Next> {
    connection.write(b"HTTP/1.1 101 Tiny\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")?;
    let (mut stream, early) = connection.into_parts();
    stream.write_all(&early)?;
    let mut buffer = [0; 4 << 10];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(Next::End),
            length => stream.write_all(buffer.get(..length).unwrap_or_default())?,
        }
    }
}
