//! Names of things: each its own type, with one way in and one way out.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entropy::Entropy;

/// Longest DNS label (RFC 1035 §2.3.4), in bytes.
const LABEL_BYTES: usize = 63;
/// Longest session id that the contract allows (§3.1), in bytes.
const SESSION_BYTES: usize = 255;
/// Length of the ids that we make (contract §4), in letters.
const ID_LETTERS: usize = 16;

/// Text that is not the name it should be; the message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {allowed}")]
pub struct InvalidName {
    what: &'static str,
    allowed: &'static str,
}

/// Name of a sandbox: a DNS label, so that hosts and objects can carry it. Ours have 16 lower-case letters; adopted
/// ones may have any label's form (contract §12.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SandboxId(Arc<str>);

impl SandboxId {
    /// A new id of 16 random lower-case letters, about 75 bits.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut id = String::with_capacity(ID_LETTERS);
        while id.len() < ID_LETTERS {
            let mut bytes = [0u8; 2 * ID_LETTERS];
            entropy.fill(&mut bytes);
            // 234 = 9 × 26: without the bytes above it every letter is equally likely.
            let letters = bytes
                .iter()
                .filter(|byte| **byte < 234)
                .map(|byte| char::from(b'a' + byte % 26));
            id.extend(letters.take(ID_LETTERS - id.len()));
        }
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SandboxId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_dns_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "a sandbox id",
                allowed: "a DNS label: 1 to 63 lower-case letters, digits and inner dashes",
            })
        }
    }
}

fn is_dns_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_BYTES).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Name of a session, chosen by the client: 1 to 255 bytes of UTF-8 without control characters, compared byte for byte
/// (contract §3.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// A name for a session whose client gave none.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(entropy.uuid().to_string().into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if (1..=SESSION_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "a session id",
                allowed: "1 to 255 bytes of UTF-8 without control characters",
            })
        }
    }
}

/// Owner of API keys, sandboxes and quotas: 1 to 63 letters, digits, dots, dashes and underscores.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The tenant of every key that names no other.
    pub fn default_tenant() -> Self {
        Self("default".into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if (1..=LABEL_BYTES).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "a tenant",
                allowed: "1 to 63 letters, digits, dots, dashes and underscores",
            })
        }
    }
}

/// Name of a configured backend, such as `local`: same form as a [`SandboxId`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackendName(Arc<str>);

impl BackendName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackendName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_dns_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "a backend's name",
                allowed: "a DNS label such as `local`",
            })
        }
    }
}

/// Text ids write themselves, read themselves back through their check, and show only their text in Debug.
macro_rules! text_id {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().into()
            }
        }
    )+};
}
text_id!(SandboxId, SessionId, TenantId, BackendName);

/// The id that a store is born with; every object that a backend makes carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationId(pub Uuid);

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of one incarnation of a sandbox's compute, from 1; it goes up with every launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(pub u32);

impl Boot {
    /// The first incarnation.
    pub const FIRST: Self = Self(1);

    /// The incarnation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The incarnation before this one; none before the first.
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).filter(|number| *number > 0).map(Self)
    }
}

impl fmt::Display for Boot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a record was written; an update names the version that it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version of a record that was just inserted.
    pub const FIRST: Self = Self(1);

    /// The version after one more write.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Number of an accepted intent, from 1; each accepted command that changes what is wanted raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation of the start that made the record.
    pub const FIRST: Self = Self(1);

    /// The generation of the next accepted intent.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_generated_id_has_sixteen_lower_case_letters() {
        for _ in 0..100 {
            let id = SandboxId::generate(&SystemEntropy);
            assert_eq!(id.as_str().len(), 16);
            assert!(
                id.as_str().bytes().all(|byte| byte.is_ascii_lowercase()),
                "{id}"
            );
        }
    }

    #[test]
    fn a_sandbox_id_is_a_dns_label() {
        for good in ["a", "0f9", "runtime-1", &"a".repeat(63)] {
            assert!(good.parse::<SandboxId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", &"a".repeat(64)] {
            assert!(bad.parse::<SandboxId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_session_id_is_any_text_of_1_to_255_bytes_without_control_characters() {
        for good in ["s", "ü€😀", "a/b.c D", &"é".repeat(127)] {
            assert!(good.parse::<SessionId>().is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "a\u{7f}", &"é".repeat(128)] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
    }
}
