//! The beginning of a connection, until it is known who speaks, and what.

use std::io;
use std::net::SocketAddr;

use tokio_rustls::TlsAcceptor;

use crate::opening::{self, Opening};
use crate::peer::Peer;
use crate::proxy::{self, Header, Malformed};
use crate::settings::ListenerSettings;
use crate::stream::{Socket, Stream};
use crate::tls::{self, Tls};

/// What is read at once, in bytes: most heads of requests, so that they need not be read in two parts.
const READ_BYTES: usize = 1024;

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// A connection on which the first request may come.
pub(crate) struct Begun {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) version: Version,
}

/// Why a connection is closed before its first request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the connection ended before its first request")]
    Ended,
    #[error("the connection broke before its first request")]
    Broke(#[source] io::Error),
    #[error("a trusted proxy sent no PROXY header, though proxy_protocol is set")]
    NoProxyHeader,
    #[error(
        "a PROXY header that is not wanted: it is taken from trusted_proxies only, if proxy_protocol is set"
    )]
    ProxyHeader,
    #[error("a trusted proxy sent no proper PROXY header")]
    MalformedHeader(#[from] Malformed),
    #[error("no TLS connection came about")]
    Handshake(#[source] io::Error),
}

impl Refused {
    /// Whether an operator should know: who connects and what is set do not fit together. Everything else is the
    /// client's affair.
    pub(crate) const fn is_of_the_settings(&self) -> bool {
        match self {
            Self::NoProxyHeader | Self::ProxyHeader | Self::MalformedHeader(_) => true,
            Self::Ended | Self::Broke(_) | Self::Handshake(_) => false,
        }
    }
}

/// Waits until it is known who speaks, and what: a PROXY header, TLS, and which HTTP.
pub(crate) async fn begin(
    settings: &ListenerSettings,
    mut socket: Socket,
    from: SocketAddr,
) -> Result<Begun, Refused> {
    let proxies = &settings.trusted_proxies;
    let mut client = from;
    let mut opening = opening(&mut socket).await?;
    if settings.proxy_protocol && proxies.contains(from.ip()) {
        if opening != Opening::Proxy {
            return Err(Refused::NoProxyHeader);
        }
        client = proxied(&mut socket).await?.unwrap_or(from);
        opening = self::opening(&mut socket).await?;
    }
    if opening == Opening::Proxy {
        return Err(Refused::ProxyHeader);
    }
    let peer = Peer::new(client, settings.tls.is_some(), proxies);
    let (stream, version) = match (&settings.tls, opening) {
        // On the heap: a handshake is large, and soon over.
        (Some(tls), _) => Box::pin(encrypt(tls, socket)).await?,
        (None, Opening::Http2) => (Stream::Plain(socket), Version::Http2),
        (None, Opening::Other | Opening::Proxy) => (Stream::Plain(socket), Version::Http1),
    };
    Ok(Begun {
        stream,
        peer,
        version,
    })
}

/// Reads until it is known how the client begins.
async fn opening(socket: &mut Socket) -> Result<Opening, Refused> {
    const { assert!(READ_BYTES >= opening::LONGEST, "this is enough to know") };
    loop {
        if let Some(opening) = Opening::of(socket.ahead()) {
            return Ok(opening);
        }
        more(socket, READ_BYTES).await?;
    }
}

/// Reads and consumes the PROXY header.
async fn proxied(socket: &mut Socket) -> Result<Option<SocketAddr>, Refused> {
    loop {
        if let Some(header) = Header::of(socket.ahead())? {
            socket.consume(header.length);
            return Ok(header.source);
        }
        more(socket, proxy::LONGEST).await?;
    }
}

async fn more(socket: &mut Socket, most: usize) -> Result<(), Refused> {
    match socket.read_ahead(most).await {
        Ok(0) => Err(Refused::Ended),
        Ok(_) => Ok(()),
        Err(error) => Err(Refused::Broke(error)),
    }
}

/// Shakes hands. The client chose HTTP/2 or it speaks HTTP/1.1.
async fn encrypt(tls: &Tls, socket: Socket) -> Result<(Stream, Version), Refused> {
    let stream = TlsAcceptor::from(tls.config())
        .accept(socket)
        .await
        .map_err(Refused::Handshake)?;
    let version = if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) {
        Version::Http2
    } else {
        Version::Http1
    };
    Ok((Stream::Tls(Box::new(stream)), version))
}
