//! The sealed part of a record: encrypted where a key is configured, else plain.
//!
//! A stored part begins with one byte that says which: 0, then the plain document; or 1, then a random nonce of 24 bytes
//! and the document under XChaCha20-Poly1305. The sandbox's id is authenticated with it, so that a part cannot be moved
//! to another record. The long nonce may be drawn at random for every write without fear of a repetition.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const PLAIN: u8 = 0;
const XCHACHA20_POLY1305: u8 = 1;

/// The key that sealed parts are encrypted with: 256 bits, written as 64 hexadecimal digits (`openssl rand -hex 32`).
#[derive(Clone)]
pub struct SealKey(Arc<SecretBox<[u8; KEY_BYTES]>>);

/// Text that is not a sealing key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a sealing key must be 64 hexadecimal digits, such as `openssl rand -hex 32` prints")]
pub struct InvalidSealKey;

impl FromStr for SealKey {
    type Err = InvalidSealKey;

    fn from_str(text: &str) -> Result<Self, InvalidSealKey> {
        if text.len() != 2 * KEY_BYTES {
            return Err(InvalidSealKey);
        }
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let mut key = [0u8; KEY_BYTES];
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let &[high, low] = pair else {
                return Err(InvalidSealKey);
            };
            let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                return Err(InvalidSealKey);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(Arc::new(SecretBox::new(Box::new(key)))))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// Why a sealed part cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error("it was sealed with a key and none is configured")]
    NoKey,
    #[error("it was sealed with another key or was changed since")]
    WrongKey,
    #[error("it is sealed in a way that this version does not know")]
    UnknownForm,
    #[error("it could not be encrypted")]
    Encrypt,
    #[error("the operating system gave no random bytes")]
    Entropy(#[source] getrandom::Error),
}

/// Seals and opens parts.
#[derive(Clone)]
pub(crate) struct Seal {
    cipher: Option<XChaCha20Poly1305>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.encrypts() {
            "encrypting"
        } else {
            "plain"
        };
        write!(f, "Seal({kind})")
    }
}

impl Seal {
    pub(crate) fn new(key: Option<&SealKey>) -> Self {
        Self {
            cipher: key.map(|key| XChaCha20Poly1305::new(key.0.expose_secret().into())),
        }
    }

    /// Whether what it seals is encrypted.
    pub(crate) fn encrypts(&self) -> bool {
        self.cipher.is_some()
    }

    /// `document` as it is stored for `owner`.
    pub(crate) fn seal(&self, owner: &str, document: &[u8]) -> Result<Vec<u8>, SealError> {
        let Some(cipher) = &self.cipher else {
            return Ok([&[PLAIN], document].concat());
        };
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(SealError::Entropy)?;
        let payload = Payload {
            msg: document,
            aad: owner.as_bytes(),
        };
        match cipher.encrypt(&XNonce::from(nonce), payload) {
            Ok(hidden) => Ok([&[XCHACHA20_POLY1305], nonce.as_slice(), &hidden].concat()),
            // The library's error says nothing on purpose.
            Err(chacha20poly1305::Error) => Err(SealError::Encrypt),
        }
    }

    /// What was given to [`seal`](Self::seal) for `owner`.
    pub(crate) fn open(&self, owner: &str, stored: &[u8]) -> Result<Vec<u8>, SealError> {
        let hidden = match stored.split_first() {
            Some((&PLAIN, document)) => return Ok(document.to_vec()),
            Some((&XCHACHA20_POLY1305, hidden)) => hidden,
            _ => return Err(SealError::UnknownForm),
        };
        let cipher = self.cipher.as_ref().ok_or(SealError::NoKey)?;
        let (nonce, hidden) = hidden
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::UnknownForm)?;
        let payload = Payload {
            msg: hidden,
            aad: owner.as_bytes(),
        };
        match cipher.decrypt(&XNonce::from(*nonce), payload) {
            Ok(document) => Ok(document),
            Err(chacha20poly1305::Error) => Err(SealError::WrongKey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: char) -> SealKey {
        digit.to_string().repeat(64).parse().unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_owner_only() {
        let seal = Seal::new(Some(&key('a')));
        let stored = seal.seal("one", b"secret").unwrap();
        assert_eq!(seal.open("one", &stored).unwrap(), b"secret");
        assert!(matches!(
            seal.open("two", &stored),
            Err(SealError::WrongKey)
        ));
        let other = Seal::new(Some(&key('b')));
        assert!(matches!(
            other.open("one", &stored),
            Err(SealError::WrongKey)
        ));
        assert!(matches!(
            Seal::new(None).open("one", &stored),
            Err(SealError::NoKey)
        ));
    }

    #[test]
    fn a_sealed_part_does_not_show_its_content_and_is_never_the_same_twice() {
        let seal = Seal::new(Some(&key('a')));
        let (first, second) = (
            seal.seal("one", b"secret").unwrap(),
            seal.seal("one", b"secret").unwrap(),
        );
        assert!(!first.windows(6).any(|bytes| bytes == b"secret"));
        assert_ne!(first, second);
    }

    #[test]
    fn plain_parts_open_with_and_without_a_key() {
        let stored = Seal::new(None).seal("one", b"secret").unwrap();
        assert_eq!(Seal::new(None).open("one", &stored).unwrap(), b"secret");
        assert_eq!(
            Seal::new(Some(&key('a'))).open("one", &stored).unwrap(),
            b"secret"
        );
    }

    #[test]
    fn a_changed_or_cut_part_is_refused() {
        let seal = Seal::new(Some(&key('a')));
        let mut stored = seal.seal("one", b"secret").unwrap();
        for length in 0..stored.len() {
            assert!(
                seal.open("one", &stored[..length]).is_err(),
                "{length} bytes"
            );
        }
        *stored.last_mut().unwrap() ^= 1;
        assert!(seal.open("one", &stored).is_err());
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_prints_nothing() {
        assert!(!format!("{:?}", key('a')).contains("aa"));
        for bad in [
            "",
            "a",
            &"a".repeat(63),
            &"g".repeat(64),
            &"+1".repeat(32),
            &"ä".repeat(32),
        ] {
            assert!(bad.parse::<SealKey>().is_err(), "{bad}");
        }
    }
}
