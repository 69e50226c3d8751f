//! Accepts connections: TCP, PROXY protocol, TLS, HTTP/1.1 and HTTP/2, with limits and a drain.

mod peer;

pub use peer::Peer;
