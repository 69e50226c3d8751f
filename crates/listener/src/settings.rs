//! What an operator can set.

use std::net::SocketAddr;
use std::time::Duration;

use crate::tls::Tls;
use crate::trusted::TrustedProxies;

/// The settings of a listener.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// What it is called in the log.
    pub name: &'static str,
    /// The address to listen on; port 0 takes a free one.
    pub address: SocketAddr,
    /// Encrypts connections. HTTP/2 is offered then; in clear text it is taken from those who know.
    pub tls: Option<Tls>,
    /// Whose word about the clients before them is believed, in headers and in the PROXY protocol.
    pub trusted_proxies: TrustedProxies,
    /// Whether trusted proxies begin each connection with a PROXY header, version 1 or 2, before TLS. Who does not is
    /// refused. Others are served without, and refused with one.
    pub proxy_protocol: bool,
    /// For whatever comes before HTTP, and then for the head of each request, counted from the end of the one before: a
    /// slow or silent client loses its connection.
    pub header_read: Duration,
    /// Upper bound of the head of a request, in bytes; what is larger is answered with 431. HTTP/1.1 takes at most 100
    /// headers, too.
    pub head_bytes: usize,
    /// Connections at once, tunnels among them; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Whether an answer without a `Date` gets one. A proxy leaves that to whom it asks.
    pub date_header: bool,
}

impl ListenerSettings {
    /// A plain listener. `name` is for the log.
    #[must_use]
    pub fn new(name: &'static str, address: SocketAddr) -> Self {
        Self {
            name,
            address,
            tls: None,
            trusted_proxies: TrustedProxies::default(),
            proxy_protocol: false,
            header_read: Duration::from_secs(30),
            head_bytes: 64 * 1024,
            connections: 16 * 1024,
            date_header: true,
        }
    }
}
