//! One question and its whole answer: a connection, with TLS where it belongs, and an answer of bounded size.
//!
//! A connection is kept for the next question to the same place, for the time of one look-up. No pool outlives it, no
//! task is spawned for it, and dropping a look-up closes what it opened.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::trouble::Trouble;

/// Scheme, host and port: what a connection leads to, and what credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    /// Without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// An answer, complete. The body is cut off where it was not asked for.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Opens connections.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) tls: Arc<ClientConfig>,
    /// For one connection, TLS included.
    pub(crate) bound: Duration,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Driver = Pin<Box<http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>>>;

/// A connection between two questions.
pub(crate) struct Open {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Reads and writes for `sender`; none once the connection ended.
    driver: Option<Driver>,
}

impl Origin {
    /// Where a URL of `http` or `https` leads; none for any other, and for one that holds a name or a password.
    pub(crate) fn of(url: &Uri) -> Option<Self> {
        let tls = match url.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = url.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host().to_ascii_lowercase();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(&host);
        Some(Self {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(default_port(tls)),
        })
    }

    /// As it stands in `Host` and in messages.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        if self.port == default_port(self.tls) {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

pub(crate) const fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

impl Connector {
    pub(crate) async fn open(&self, origin: &Origin) -> Result<Open, Trouble> {
        let host = origin.authority();
        tokio::time::timeout(self.bound, self.connect(origin))
            .await
            .unwrap_or_else(|_elapsed| Err(Trouble::Late(self.bound)))
            .map_err(|trouble| match trouble {
                late @ Trouble::Late(_) => Trouble::unreachable(&host, late),
                other => other,
            })
    }

    async fn connect(&self, origin: &Origin) -> Result<Open, Trouble> {
        let host = origin.authority();
        let unreachable = |error: std::io::Error| Trouble::unreachable(&host, error);
        let stream = TcpStream::connect((origin.host.as_str(), origin.port))
            .await
            .map_err(unreachable)?;
        let stream: Box<dyn Stream> = if origin.tls {
            let name = ServerName::try_from(origin.host.clone())
                .map_err(|error| Trouble::unreachable(&host, error))?;
            let connector = TlsConnector::from(Arc::clone(&self.tls));
            Box::new(connector.connect(name, stream).await.map_err(unreachable)?)
        } else {
            Box::new(stream)
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Trouble::unreachable(&host, error))?;
        Ok(Open {
            sender,
            driver: Some(Box::pin(connection)),
        })
    }
}

impl Open {
    /// Whether the other side kept the connection after its last answer.
    pub(crate) async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        drive(driver, sender.ready()).await.is_ok()
    }

    /// Asks and reads the answer: at most `limit` bytes of a success. Of any other answer, the head is enough.
    pub(crate) async fn exchange(
        &mut self,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Answer, Trouble> {
        let host = origin.authority();
        let name = HeaderValue::try_from(host.as_str())
            .map_err(|error| Trouble::unreachable(&host, error))?;
        request.headers_mut().insert(HOST, name);
        let Self { sender, driver } = self;
        drive(driver, async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| Trouble::unreachable(&host, error))?;
            let (head, body) = response.into_parts();
            let body = if head.status.is_success() {
                Limited::new(body, limit)
                    .collect()
                    .await
                    .map_err(|error| {
                        if error.is::<LengthLimitError>() {
                            Trouble::garbage(&host, "an answer that is too long")
                        } else {
                            Trouble::unreachable(&host, error)
                        }
                    })?
                    .to_bytes()
            } else {
                // What is left unread closes the connection, or is read with the next question if it is there already.
                drop(body);
                Bytes::new()
            };
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body,
            })
        })
        .await
    }
}

/// Runs `work` and the connection that it uses side by side, so that no task is needed for the connection.
async fn drive<T>(driver: &mut Option<Driver>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Some(connection) = driver
            && connection.as_mut().poll(context).is_ready()
        {
            // How the connection ended, `work` learns from its own half.
            *driver = None;
        }
        work.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let of = |url: &str| {
            Origin::of(&url.parse().unwrap()).map(|origin| (origin.tls, origin.authority()))
        };
        assert_eq!(
            of("https://A.example/x"),
            Some((true, "a.example".to_owned()))
        );
        assert_eq!(of("https://a:443/x"), Some((true, "a".to_owned())));
        assert_eq!(of("http://a:443/x"), Some((false, "a:443".to_owned())));
        assert_eq!(
            of("http://[::1]:5000/x"),
            Some((false, "[::1]:5000".to_owned()))
        );
        assert_eq!(of("https://name:password@a/x"), None);
        assert_eq!(of("ftp://a/x"), None);
        assert_eq!(of("/x"), None);
    }
}
