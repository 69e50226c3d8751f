//! The part of a record that must not be read by others: keys and environment values.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::secret::SessionKey;

/// Values that must not be read by others; stores encrypt them where they have a key.
#[derive(Clone)]
pub struct Sealed {
    /// Environment values of the client, by name.
    pub environment: BTreeMap<String, SecretString>,
    /// The key that the agent asks for.
    pub session_key: SessionKey,
    /// The agent's encryption key (`OH_SECRET_KEY`), stable for the sandbox's life.
    pub secret_key: SecretString,
}

/// Stored form of [`Sealed`].
#[derive(Serialize, Deserialize)]
struct SealedDocument {
    environment: BTreeMap<String, String>,
    session_key: String,
    secret_key: String,
}

/// A sealed part that is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the sealed part of a record")]
pub struct SealedError(#[source] serde_json::Error);

impl Sealed {
    /// The values in plain text, for the store to encrypt and keep.
    ///
    /// # Errors
    /// When JSON cannot carry them.
    pub fn to_document(&self) -> Result<Vec<u8>, SealedError> {
        let plain = |value: &SecretString| value.expose_secret().to_owned();
        serde_json::to_vec(&SealedDocument {
            environment: self
                .environment
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect(),
            session_key: self.session_key.expose().to_owned(),
            secret_key: plain(&self.secret_key),
        })
        .map_err(SealedError)
    }

    /// Reads back what [`to_document`](Self::to_document) gave.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_document(document: &[u8]) -> Result<Self, SealedError> {
        let plain: SealedDocument = serde_json::from_slice(document).map_err(SealedError)?;
        Ok(Self {
            environment: plain
                .environment
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
            session_key: plain.session_key.into(),
            secret_key: plain.secret_key.into(),
        })
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} values)", self.environment.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        Sealed {
            environment: BTreeMap::from([("TOKEN".to_owned(), "very-secret".to_owned().into())]),
            session_key: "very-secret-session".to_owned().into(),
            secret_key: "very-secret-key".to_owned().into(),
        }
    }

    #[test]
    fn a_document_reads_back_as_what_was_written() {
        let back = Sealed::from_document(&sealed().to_document().unwrap()).unwrap();
        assert_eq!(back.environment["TOKEN"].expose_secret(), "very-secret");
        assert_eq!(back.session_key.expose(), "very-secret-session");
        assert_eq!(back.secret_key.expose_secret(), "very-secret-key");
    }

    #[test]
    fn debug_prints_no_secret() {
        assert!(!format!("{:?}", sealed()).contains("very"));
        let broken = Sealed::from_document(b"{\"very\": 1}").unwrap_err();
        assert!(!format!("{broken:?} {broken}").contains("very-secret"));
    }
}
