//! A certificate and its key, as they stand in their files.

use std::error::Error as StdError;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncReadExt as _;

use crate::tls::TlsFiles;

/// The longest file that is read, in bytes: long chains fit many times.
const LONGEST: u64 = 1024 * 1024;

/// Why a certificate and a key cannot be used. Nothing that is in the files is shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file holds more than any certificate or key.
    #[error("{} is longer than 1 MiB", .0.display())]
    TooLong(PathBuf),
    /// The file of the certificate holds none.
    #[error("no certificate in PEM form in {}", .0.display())]
    NoCertificate(PathBuf),
    /// The file of the key holds none.
    #[error("no private key in PEM form, not encrypted, in {}", .0.display())]
    NoKey(PathBuf),
    /// Both are there, and cannot be used.
    #[error("the certificate in {} and the key in {} cannot be used together", cert_file.display(), key_file.display())]
    Pair {
        /// The file of the certificate.
        cert_file: PathBuf,
        /// The file of the key.
        key_file: PathBuf,
        /// What is wrong with them.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The cryptography lacks what TLS needs.
    #[error("cannot set up TLS")]
    Provider(#[source] Box<dyn StdError + Send + Sync>),
}

/// The contents of both files.
pub(super) struct Pair {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

/// Reads both files.
pub(super) async fn read(files: &TlsFiles) -> Result<Pair, TlsError> {
    Ok(Pair {
        certificates: contents(&files.cert_file).await?,
        key: contents(&files.key_file).await?,
    })
}

async fn contents(path: &Path) -> Result<Vec<u8>, TlsError> {
    let reading = async {
        let file = tokio::fs::File::open(path).await?;
        let mut contents = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut contents).await?;
        Ok(contents)
    };
    let contents = reading.await.map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })?;
    if contents.len() as u64 > LONGEST {
        return Err(TlsError::TooLong(path.to_owned()));
    }
    Ok(contents)
}

impl Pair {
    /// Tells contents apart without keeping them. That two differ and look alike is a matter of 1 in 2⁶⁴.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.certificates.hash(&mut hasher);
        self.key.hash(&mut hasher);
        hasher.finish()
    }

    /// Certificate and key, checked against each other. What the PEM reader says of a mistake may quote the file, so it
    /// is not passed on.
    pub(super) fn certified(
        &self,
        files: &TlsFiles,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&self.certificates)
                .collect::<Result<_, _>>()
                .unwrap_or_default();
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(files.cert_file.clone()));
        }
        let Ok(key) = PrivateKeyDer::from_pem_slice(&self.key) else {
            return Err(TlsError::NoKey(files.key_file.clone()));
        };
        CertifiedKey::from_der(chain, key, provider).map_err(|error| TlsError::Pair {
            cert_file: files.cert_file.clone(),
            key_file: files.key_file.clone(),
            source: error.into(),
        })
    }
}
