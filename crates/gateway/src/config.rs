//! What an operator can set.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The gateway's settings. Each has a default that suits a laptop.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The host in the URLs that clients get; an IPv6 address in brackets.
    pub public_host: String,
    /// The ports that are given to sandboxes.
    pub ports: RangeInclusive<u16>,
    /// Whether VS Code and the two web applications get ports too: four ports for a sandbox instead of one.
    pub service_ports: bool,
    /// How long a request may be held while a sandbox that ran before comes back (contract §7.2).
    pub hold: Duration,
    /// How long connecting to a sandbox may take.
    pub connect: Duration,
    /// How long a sandbox may take to begin its answer after it got the request. Contract §7.3 wants 660 s at least.
    pub first_byte: Duration,
    /// How long a client may take to send the head of a request, and how long its connection may be idle before one.
    pub header_read: Duration,
    /// How many requests and tunnels one sandbox may have at a time; beyond that clients get a 429.
    pub connections_per_sandbox: usize,
    /// How long a connection to a sandbox is kept without a request. Less than the 5 s after which uvicorn, the agent's
    /// server, closes it, because a request that meets the closing is lost.
    pub upstream_idle: Duration,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            public_host: "127.0.0.1".to_owned(),
            ports: 20_000..=29_999,
            service_ports: true,
            hold: Duration::from_secs(30),
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(3600),
            header_read: Duration::from_secs(75),
            connections_per_sandbox: 256,
            upstream_idle: Duration::from_secs(4),
        }
    }
}
