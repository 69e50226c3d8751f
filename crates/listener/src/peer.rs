//! Who is at the other end of a connection.

use std::net::SocketAddr;

/// Who is at the other end of a connection. Each request carries it in its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The client: as the PROXY protocol says it where that is spoken, else the other end of the socket.
    pub address: SocketAddr,
    /// Whether what this peer says of clients before it (`X-Forwarded-For`, `X-Forwarded-Proto`) is believed: it is one of
    /// the operator's own proxies.
    pub trusted: bool,
    /// Whether the connection is encrypted.
    pub tls: bool,
}
