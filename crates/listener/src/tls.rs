//! TLS with a certificate and a key from two files.

mod pair;
mod reload;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

pub use pair::TlsError;

/// What is offered to clients, the better one first.
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];
/// HTTP/2 in the protocol negotiation of TLS (RFC 9113 §3.2).
pub(crate) const HTTP2: &[u8] = b"h2";

/// Where certificate and key are, both in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those that lead from it to its authority, in this order.
    pub cert_file: PathBuf,
    /// The private key of the certificate, not encrypted.
    pub key_file: PathBuf,
}

/// TLS for listeners: a clone shares certificate and key, so that [`keep_current`](Self::keep_current) serves all.
#[derive(Debug, Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
    /// What the files held at first.
    fingerprint: u64,
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`] when a file cannot be read, holds no certificate or no key, or they do not fit together. None of them
    /// shows what is in the files.
    pub async fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let pair = pair::read(&files).await?;
        let fingerprint = pair.fingerprint();
        let provider = Arc::new(ring::default_provider());
        let current = Arc::new(Current(RwLock::new(Arc::new(
            pair.certified(&files, &provider)?,
        ))));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Provider(error.into()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self {
            files,
            current,
            config: Arc::new(config),
            fingerprint,
        })
    }

    /// What a handshake needs.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

/// The certificate and key that new connections get.
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn replace(&self, with: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(with);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.0.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}
