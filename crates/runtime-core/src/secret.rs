//! Keys, in types that print nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::entropy::Entropy;

/// Random bytes in a key of ours: 256 bits (contract §4).
const KEY_BYTES: usize = 32;
/// The key that a sandbox's agent asks for (`X-Session-API-Key`): 43 URL-safe characters, stable for the sandbox's life
/// (contract §9.5).
#[derive(Clone)]
pub struct SessionKey(SecretString);

impl SessionKey {
    /// A new key of 32 random bytes.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_key(entropy))
    }

    /// The key's text, for the sandbox and for the answer to its owner.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for SessionKey {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// 32 random bytes as 43 URL-safe characters.
pub fn random_key(entropy: &dyn Entropy) -> SecretString {
    let mut bytes = [0u8; KEY_BYTES];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// SHA-256 of an API key: what is kept and compared. The key itself is shown once and forgotten.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// The hash of a key's text.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// The bytes of the hash, for a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the hash of `other` too, in time that does not depend on where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl From<[u8; 32]> for ApiKeyHash {
    /// A hash as [`as_bytes`](Self::as_bytes) gave it.
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn keys_are_43_url_safe_characters_and_differ() {
        let one = SessionKey::generate(&SystemEntropy);
        let two = SessionKey::generate(&SystemEntropy);
        assert_eq!(one.expose().len(), 43);
        assert!(
            one.expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn debug_prints_no_key() {
        let key = SessionKey::from("very-secret".to_owned());
        assert!(!format!("{key:?}{:?}", ApiKeyHash::of("very-secret")).contains("very"));
    }

    #[test]
    fn a_key_matches_its_own_hash_only() {
        let stored = ApiKeyHash::of("right");
        assert!(stored.matches(&ApiKeyHash::of("right")));
        assert!(!stored.matches(&ApiKeyHash::of("wrong")));
    }
}
