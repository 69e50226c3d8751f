//! The WebSocket on which an agent-server tells what its commands do.
//!
//! We only listen, and answer no ping: after 40 seconds of that an agent-server closes the connection.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::sandbox::Sandbox;

/// For what is listened for to come: less than those 40 seconds.
const BOUND: Duration = Duration::from_secs(30);
/// The largest message that is read, in bytes: far more than the output of our commands.
const LARGEST: u64 = 1 << 20;
/// Lines of an answer's head that are read.
const HEAD: usize = 100;

/// An open WebSocket (RFC 6455).
#[derive(Debug)]
pub(super) struct Socket(BufReader<TcpStream>);

impl Socket {
    /// Opens the one of a sandbox: it tells what happened so far and then what happens.
    pub(super) fn open(sandbox: &Sandbox) -> Result<Self> {
        let authority = authority(&sandbox.url)?;
        let mut stream = TcpStream::connect(authority).context("the WebSocket is refused")?;
        stream.set_read_timeout(Some(BOUND))?;
        stream.set_write_timeout(Some(BOUND))?;
        // What the key of the handshake is does not matter here.
        let request = format!(
            "GET /sockets/bash-events?resend_mode=all HTTP/1.1\r\nHost: {authority}\r\nX-Session-API-Key: {key}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            key = sandbox.key
        );
        stream.write_all(request.as_bytes())?;
        let mut socket = Self(BufReader::new(stream));
        socket.read_head()?;
        Ok(socket)
    }

    fn read_head(&mut self) -> Result<()> {
        let mut lines = (&mut self.0).take(LARGEST).lines().take(HEAD);
        let status = lines.next().context("the WebSocket closed at once")??;
        ensure!(
            status.starts_with("HTTP/1.1 101 "),
            "no WebSocket: {status}"
        );
        for line in lines {
            if line?.is_empty() {
                return Ok(());
            }
        }
        bail!("the answer to the WebSocket's request has no end")
    }

    /// Listens until an event is as wanted.
    pub(super) fn hear(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let began = Instant::now();
        while began.elapsed() < BOUND {
            let message = self
                .read_message()
                .with_context(|| format!("waited for {what}"))?;
            let Some(message) = message else {
                bail!("the WebSocket closed before {what}");
            };
            if let Ok(event) = serde_json::from_slice(&message)
                && wanted(&event)
            {
                return Ok(event);
            }
        }
        bail!("waited {} s for {what}", BOUND.as_secs())
    }

    /// Reads what is left, until the connection is cut.
    pub(super) fn must_end(&mut self) -> Result<()> {
        let mut rest = (&mut self.0).take(LARGEST);
        match std::io::copy(&mut rest, &mut std::io::sink()) {
            Ok(_) => ensure!(rest.limit() > 0, "the WebSocket goes on"),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => return Err(error).context("the WebSocket is not cut"),
        }
        Ok(())
    }

    /// The next message, or nothing at the end. Text and control frames are alike: those we do not want are no JSON.
    fn read_message(&mut self) -> Result<Option<Vec<u8>>> {
        let mut head = [0; 2];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // Servers do not mask, and ours sends short messages in one frame.
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.read_array()?)),
            127 => u64::from_be_bytes(self.read_array()?),
            length => u64::from(length),
        };
        ensure!(length <= LARGEST, "a message of {length} bytes");
        let mut message = Vec::new();
        let read = (&mut self.0).take(length).read_to_end(&mut message)?;
        ensure!(
            u64::try_from(read)? == length,
            "the WebSocket closed amid a message"
        );
        Ok(Some(message))
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Whether nobody listens at a URL.
pub(super) fn must_be_refused(url: &str) -> Result<()> {
    match TcpStream::connect(authority(url)?) {
        Ok(_) => bail!("somebody listens at {url}"),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot connect to {url}")),
    }
}

fn authority(url: &str) -> Result<&str> {
    url.strip_prefix("http://")
        .context("only http:// is spoken here")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A WebSocket whose server says this after the request, and then closes.
    fn saying(bytes: Vec<u8>) -> Result<Socket> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            stream.write_all(&bytes).unwrap();
        });
        let (id, key) = (String::new(), "k".to_owned());
        let socket = Socket::open(&Sandbox { id, url, key });
        server.join().unwrap();
        socket
    }

    fn upgraded(frames: &[u8]) -> Vec<u8> {
        [
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
            frames,
        ]
        .concat()
    }

    #[test]
    fn it_listens_until_the_wanted_event() {
        let long = format!("{{\"long\":\"{}\"}}", "x".repeat(200));
        let length = u8::try_from(long.len()).unwrap();
        let frames = [
            b"\x89\x02hi\x81\x07{\"a\":1}\x81\x7e\0",
            &[length][..],
            long.as_bytes(),
        ];
        let mut socket = saying(upgraded(&frames.concat())).unwrap();
        let event = socket
            .hear("it", |event| event.get("long").is_some())
            .unwrap();
        assert_eq!(event.to_string(), long);
        let error = socket.hear("more", |_| true).unwrap_err();
        assert_eq!(error.to_string(), "the WebSocket closed before more");
        socket.must_end().unwrap();
    }

    #[test]
    fn a_refused_upgrade_is_told() {
        let error = saying(b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec()).unwrap_err();
        assert_eq!(error.to_string(), "no WebSocket: HTTP/1.1 403 Forbidden");
    }

    #[test]
    fn a_cut_message_is_an_error() {
        let mut socket = saying(upgraded(b"\x81\x07{\"a")).unwrap();
        assert!(socket.hear("it", |_| true).is_err());
    }

    #[test]
    fn a_listener_is_told_from_a_closed_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert!(must_be_refused(&url).is_err());
        drop(listener);
        must_be_refused(&url).unwrap();
    }
}
