//! The beginning of a connection, until it is known what is spoken on it.

use std::io;

use crate::opening::{LONGEST, Opening};
use crate::stream::{Socket, Stream};

/// What is read at once, in bytes: most heads of requests, so that they need not be read in two parts.
const READ_BYTES: usize = 1024;

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// Why a connection is closed before its first request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// It ended, or broke.
    #[error("the connection ended before its first request")]
    Ended(#[source] Option<io::Error>),
    /// Somebody who is not a trusted proxy speaks for others, or nobody is expected to.
    #[error("a PROXY header is not accepted from this peer")]
    ProxyHeader,
}

/// Waits until it is known what is spoken.
pub(crate) async fn begin(mut socket: Socket) -> Result<(Stream, Version), Refused> {
    let version = match opening(&mut socket).await? {
        Opening::Proxy => return Err(Refused::ProxyHeader),
        Opening::Http2 => Version::Http2,
        Opening::Other => Version::Http1,
    };
    Ok((Stream::Plain(socket), version))
}

/// Reads until it is known how the client begins.
async fn opening(socket: &mut Socket) -> Result<Opening, Refused> {
    const { assert!(READ_BYTES >= LONGEST, "what is read is enough to know") };
    loop {
        if let Some(opening) = Opening::of(socket.ahead()) {
            return Ok(opening);
        }
        match socket.read_ahead(READ_BYTES).await {
            Ok(0) => return Err(Refused::Ended(None)),
            Ok(_) => {}
            Err(error) => return Err(Refused::Ended(Some(error))),
        }
    }
}
