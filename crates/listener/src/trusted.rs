//! The operator's own proxies.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// Addresses whose word about the clients before them is believed. None, unless an operator names some. A clone is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Option<Arc<[IpNet]>>);

impl TrustedProxies {
    /// Whether the address is one of them. An IPv4 address is the same one in its IPv6 form.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .as_deref()
            .is_some_and(|networks| networks.iter().any(|network| network.contains(&address)))
    }
}

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<T: IntoIterator<Item = IpNet>>(networks: T) -> Self {
        let networks: Arc<[IpNet]> = networks.into_iter().collect();
        Self((!networks.is_empty()).then_some(networks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_is_found_in_both_its_forms() {
        let proxies: TrustedProxies = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
            .into_iter()
            .collect();
        assert!(proxies.contains("10.1.2.3".parse().unwrap()));
        assert!(proxies.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(proxies.contains("::1".parse().unwrap()));
        assert!(!proxies.contains("11.1.2.3".parse().unwrap()));
    }

    #[test]
    fn nobody_is_trusted_unless_named() {
        assert!(!TrustedProxies::default().contains("127.0.0.1".parse().unwrap()));
    }
}
