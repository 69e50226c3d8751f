//! The addresses that are listened on, as the configuration wants them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use listener::{Listener, ListenerSettings, Tls};

use crate::config::Config;
use crate::error::Error;
use crate::http::error::chain;

/// Where the operator's listener listens unless told otherwise.
const OPERATOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9001);

/// TLS for what clients reach, where it is wanted.
///
/// # Errors
/// [`Error::Tls`].
pub(crate) async fn tls(config: &Config) -> Result<Option<Tls>, Error> {
    match config.tls.files() {
        Some(files) => Ok(Some(Tls::load(files).await?)),
        None => Ok(None),
    }
}

/// The listener of the API.
///
/// # Errors
/// [`Error::Listen`].
pub(crate) fn api(config: &Config, tls: Option<&Tls>) -> Result<Listener, Error> {
    let settings = ListenerSettings {
        tls: tls.cloned(),
        trusted_proxies: config.trusted_proxies.iter().copied().collect(),
        proxy_protocol: config.proxy_protocol,
        ..ListenerSettings::new("api", config.listen)
    };
    bind(settings, "listen")
}

/// The operator's listener, in clear text. A port that nobody chose gives way to another server's.
///
/// # Errors
/// [`Error::Listen`].
pub(crate) fn operator(config: &Config) -> Result<Listener, Error> {
    let on = |address| {
        bind(
            ListenerSettings::new("operator", address),
            "operator.listen",
        )
    };
    if let Some(address) = config.operator.listen {
        return on(address);
    }
    on(OPERATOR).or_else(|error| {
        tracing::warn!(
            error = chain(&error),
            "the operator's listener gets another port"
        );
        on(SocketAddr::new(OPERATOR.ip(), 0))
    })
}

fn bind(settings: ListenerSettings, setting: &'static str) -> Result<Listener, Error> {
    let address = settings.address;
    Listener::bind(settings).map_err(|source| Error::Listen {
        address,
        setting,
        source,
    })
}
