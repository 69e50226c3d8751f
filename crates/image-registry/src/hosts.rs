//! Patterns of registries: a host, a host with its port, or a network.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Which registries are meant: `ghcr.io`, `registry.example.com:5000`, `*.example.com` or `127.0.0.0/8`.
///
/// Without a port any port is meant; a network means the addresses that images name, no name is looked up for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Name {
        host: String,
        port: Option<u16>,
    },
    /// `.example.com`: what a host must end with.
    Below(String),
    Network(IpNet),
}

/// Text that is no pattern of registries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a host such as \"ghcr.io\", \"*.example.com\" or \"localhost:5000\", or a network such as \"127.0.0.0/8\""
)]
pub struct InvalidHostPattern;

impl HostPattern {
    /// What is loopback by its name alone.
    pub fn loopback() -> Vec<Self> {
        ["localhost", "127.0.0.0/8", "::1/128"]
            .into_iter()
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// Whether a registry is meant. `host` is in lower case and has no brackets.
    pub(crate) fn holds(&self, host: &str, port: u16) -> bool {
        match &self.0 {
            Kind::Name {
                host: name,
                port: only,
            } => name == host && only.is_none_or(|only| only == port),
            Kind::Below(end) => host.len() > end.len() && host.ends_with(end.as_str()),
            Kind::Network(network) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(&address)),
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        if let Ok(network) = text.parse() {
            return Ok(Self(Kind::Network(network)));
        }
        let text = text.to_ascii_lowercase();
        if let Some(end) = text.strip_prefix('*') {
            let is_domain = end.strip_prefix('.').is_some_and(is_name);
            return is_domain
                .then(|| Self(Kind::Below(end.to_owned())))
                .ok_or(InvalidHostPattern);
        }
        let (host, port) = host_and_port(&text).ok_or(InvalidHostPattern)?;
        Ok(Self(Kind::Name {
            host: host.to_owned(),
            port,
        }))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Name { host, port: None } => f.write_str(host),
            Kind::Name {
                host,
                port: Some(port),
            } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Kind::Name {
                host,
                port: Some(port),
            } => write!(f, "{host}:{port}"),
            Kind::Below(end) => write!(f, "*{end}"),
            Kind::Network(network) => network.fmt(f),
        }
    }
}

/// `host`, `host:5000`, `[::1]` and `[::1]:5000`: the host without brackets, and the port.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let address: IpAddr = host.parse().ok()?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port_of(port)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        return address.is_ipv6().then_some((host, port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port_of(port)?)),
        None => (text, None),
    };
    is_name(host).then_some((host, port))
}

/// Digits only: `+80` is a number to Rust, not a port.
fn port_of(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, host: &str, port: u16) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        assert_eq!(pattern.to_string().parse(), Ok(pattern.clone()));
        pattern.holds(host, port)
    }

    #[test]
    fn a_host_without_a_port_means_any_port() {
        assert!(holds("ghcr.io", "ghcr.io", 443));
        assert!(holds("GHCR.io", "ghcr.io", 5000));
        assert!(holds("localhost:5000", "localhost", 5000));
        assert!(!holds("localhost:5000", "localhost", 5001));
        assert!(!holds("ghcr.io", "evil-ghcr.io", 443));
        assert!(holds("[::1]:5000", "::1", 5000));
    }

    #[test]
    fn a_star_means_what_is_below_a_domain() {
        assert!(holds("*.example.com", "a.b.example.com", 443));
        assert!(!holds("*.example.com", "example.com", 443));
        assert!(!holds("*.example.com", "badexample.com", 443));
    }

    #[test]
    fn a_network_means_addresses_and_no_names() {
        assert!(holds("127.0.0.0/8", "127.3.2.1", 1));
        assert!(!holds("127.0.0.0/8", "localhost", 1));
        assert!(holds("fd00::/8", "fd00::1", 443));
        assert!(!holds("10.0.0.0/8", "11.0.0.1", 443));
    }

    #[test]
    fn other_texts_are_no_patterns() {
        for text in [
            "",
            "*",
            "*.",
            "*com",
            "a b",
            "host:",
            "host:0",
            "host:+1",
            "host:70000",
            "[::1",
            "[a]",
            "u@host",
            "http://host",
            "host/path",
            "10.0.0.0/33",
        ] {
            assert_eq!(
                text.parse::<HostPattern>(),
                Err(InvalidHostPattern),
                "{text}"
            );
        }
    }
}
