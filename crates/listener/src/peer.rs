//! Who is at the other end of a connection.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::HeaderName;

use crate::trusted::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who is at the other end of a connection. Each request carries it in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    address: SocketAddr,
    is_encrypted: bool,
    /// The proxies that may stand before it, where it is one itself; else none.
    proxies: Option<TrustedProxies>,
}

impl Peer {
    /// The peer at `address`, which is believed where it is one of `proxies`.
    #[must_use]
    pub fn new(address: SocketAddr, is_encrypted: bool, proxies: &TrustedProxies) -> Self {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Self {
            address,
            is_encrypted,
            proxies: proxies.contains(address.ip()).then(|| proxies.clone()),
        }
    }

    /// Its address: as the PROXY protocol says it where that is spoken, else the other end of the socket.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the connection itself is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Whether what it says of clients before it is believed: it is one of the operator's own proxies.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.proxies.is_some()
    }

    /// The address of the client that a request comes from. A trusted peer names it in `X-Forwarded-For`, to which every
    /// proxy on the way appended whom it saw: it is the right-most address that is not itself a trusted proxy. What
    /// stands left of it, the client may have made up.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap) -> IpAddr {
        let mut seen = self.address.ip();
        let Some(proxies) = &self.proxies else {
            return seen;
        };
        for entry in from_the_right(headers, &FORWARDED_FOR) {
            // Where a trusted proxy wrote what we cannot read, nobody before it is known.
            let Some(address) = address_in(entry) else {
                return seen;
            };
            seen = address;
            if !proxies.contains(address) {
                return seen;
            }
        }
        seen
    }

    /// Whether the client's own connection is encrypted: the one to a trusted peer that tells it in `X-Forwarded-Proto`,
    /// else this one.
    #[must_use]
    pub fn is_client_encrypted(&self, headers: &HeaderMap) -> bool {
        let said = self
            .is_trusted()
            .then(|| from_the_right(headers, &FORWARDED_PROTO).next())
            .flatten();
        said.map_or(self.is_encrypted, |scheme| {
            scheme.eq_ignore_ascii_case("https")
        })
    }
}

/// The entries of a comma-separated list, the last one first. A line that is no text is one entry that means nothing.
fn from_the_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    headers
        .get_all(name)
        .iter()
        .rev()
        .flat_map(|line| line.to_str().unwrap_or_default().rsplit(',').map(str::trim))
}

/// The address in an entry of `X-Forwarded-For`. Some proxies add the port.
fn address_in(entry: &str) -> Option<IpAddr> {
    let address: IpAddr = entry
        .parse()
        .or_else(|_| entry.parse().map(|with_port: SocketAddr| with_port.ip()))
        .ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn peer(address: &str) -> Peer {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]
            .into_iter()
            .collect();
        Peer::new(
            SocketAddr::new(address.parse().unwrap(), 1),
            false,
            &proxies,
        )
    }

    fn headers(name: &HeaderName, lines: &[&'static str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (name.clone(), HeaderValue::from_static(line)))
            .collect()
    }

    fn client(from: &str, lines: &[&'static str]) -> String {
        let headers = headers(&FORWARDED_FOR, lines);
        peer(from).client(&headers).to_string()
    }

    #[test]
    fn nobody_but_a_proxy_can_say_that_it_is_another() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn what_stands_left_of_the_client_may_be_made_up() {
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(
            client(
                "10.0.0.1",
                &["1.1.1.1", "198.51.100.7 ,10.0.0.2", "fd00::3"]
            ),
            "198.51.100.7"
        );
    }

    #[test]
    fn a_chain_of_proxies_alone_ends_at_the_first_of_them() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn addresses_are_read_with_a_port_too_and_nothing_is_guessed() {
        assert_eq!(client("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"]),
            "10.0.0.2"
        );
        assert_eq!(client("10.0.0.1", &[""]), "10.0.0.1");
    }

    #[test]
    fn only_a_proxy_can_say_that_its_client_came_encrypted() {
        let https = headers(&FORWARDED_PROTO, &["http, HTTPS"]);
        assert!(peer("10.0.0.1").is_client_encrypted(&https));
        assert!(!peer("192.0.2.1").is_client_encrypted(&https));
        let encrypted = Peer::new(
            "192.0.2.1:1".parse().unwrap(),
            true,
            &TrustedProxies::default(),
        );
        assert!(encrypted.is_client_encrypted(&headers(&FORWARDED_PROTO, &["http"])));
    }
}
