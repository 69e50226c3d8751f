//! WebSockets that say one word and then nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::connection::{Connection, request};

/// The key of RFC 6455 §1.3: what it is does not matter here.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// A text frame with the mask 0, as clients must mask, and the same as it comes back (RFC 6455 §5.2).
const SAID: &[u8] = b"\x81\x82\0\0\0\0hi";
const HEARD: &[u8] = b"\x81\x02hi";

/// A connection through the gateway that stays open.
#[derive(Debug)]
pub(crate) struct Tunnel(TcpStream);

impl Tunnel {
    /// Opens the echo of the tiny program in the sandbox of this URL.
    ///
    /// # Errors
    /// It was refused.
    pub(crate) fn open(url: &str) -> Result<Self> {
        Self::connect(url, url)
    }

    /// As [`open`](Self::open), at an address that serves several hosts.
    ///
    /// # Errors
    /// It was refused.
    pub(crate) fn at(address: SocketAddr, host: &str) -> Result<Self> {
        Self::connect(&format!("http://{address}"), &format!("http://{host}"))
    }

    fn connect(url: &str, host: &str) -> Result<Self> {
        let headers = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", KEY),
        ];
        let upgrade = request("GET", host, "/ws", &headers, &Value::Null)?;
        let mut connection = Connection::open(url)?;
        connection.send(&upgrade)?.expect(101)?;
        Ok(Self(connection.into_stream()))
    }

    /// Says a word and hears it again.
    ///
    /// # Errors
    /// The tunnel is broken.
    pub(crate) fn echo(&mut self) -> Result<()> {
        self.0.write_all(SAID)?;
        let mut heard = [0; HEARD.len()];
        self.0.read_exact(&mut heard).context("no echo")?;
        ensure!(heard == HEARD, "the echo is {heard:?}");
        Ok(())
    }
}
