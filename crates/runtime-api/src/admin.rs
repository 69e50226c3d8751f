//! `/api/admin`: logging in, keys, and the answers to changes (contract §6.3).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::{BodyError, Fields};

/// What an administrator proves the password with, once and soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdminChallenge {
    /// Hexadecimal digits.
    pub challenge: String,
    /// Hexadecimal digits.
    pub salt: String,
    /// Rounds of PBKDF2.
    pub iterations: u32,
}

/// An administrator's login: `hash` is PBKDF2-HMAC-SHA256 over the password, with the bytes of the *text* `salt` +
/// `challenge` as its salt, 32 bytes, in hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AdminLogin {
    /// The challenge that is answered.
    #[schema(pattern = "^[0-9A-Fa-f]+$")]
    pub challenge: String,
    /// The answer.
    #[schema(pattern = "^[0-9A-Fa-f]+$")]
    pub hash: String,
}

impl AdminLogin {
    /// Parses the body.
    ///
    /// # Errors
    /// The field that is missing or no text, or the body when it is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::parse(body)?;
        let mut hex = |name: &str| match fields.take(name) {
            Some(Value::String(text)) if is_hex(&text) => Ok(text),
            _ => Err(BodyError::of_field(
                name,
                "must be a string of hexadecimal digits",
            )),
        };
        Ok(Self {
            challenge: hex("challenge")?,
            hash: hex("hash")?,
        })
    }
}

/// The answer would help whoever guesses the password.
impl fmt::Debug for AdminLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminLogin")
            .field("challenge", &self.challenge)
            .finish_non_exhaustive()
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The answer to a login: the bearer token of the calls that follow. Opaque.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdminToken {
    /// The token.
    pub token: String,
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

/// A key of the API as administrators see it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdminApiKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its text where it stands in the configuration; `""` where only its hash is kept.
    pub key_value: String,
    /// How many runtimes may be live; `null` for any number.
    #[schema(required)]
    pub max_runtimes: Option<u32>,
    /// `null`: this server counts no credits.
    #[schema(required)]
    pub remaining_credits: Option<u64>,
}

impl fmt::Debug for AdminApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminApiKey")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What was done, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// One sentence.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_two_texts_of_hexadecimal_digits() {
        let login = AdminLogin::parse(br#"{"challenge": "0aF", "hash": "00", "x": 1}"#).unwrap();
        assert_eq!(
            (login.challenge.as_str(), login.hash.as_str()),
            ("0aF", "00")
        );
        for (body, field) in [
            (r#"{"hash": "00"}"#, "challenge"),
            (r#"{"challenge": "", "hash": "00"}"#, "challenge"),
            (r#"{"challenge": "zz", "hash": "00"}"#, "challenge"),
            (r#"{"challenge": "00", "hash": 5}"#, "hash"),
            (r#"{"challenge": "00"}"#, "hash"),
        ] {
            let error = AdminLogin::parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.field(), Some(field), "{body}");
        }
        assert!(AdminLogin::parse(b"").is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = AdminApiKey {
            id: "1".to_owned(),
            name: "default".to_owned(),
            key_value: "very-secret".to_owned(),
            max_runtimes: None,
            remaining_credits: None,
        };
        let token = AdminToken {
            token: "very-secret".to_owned(),
        };
        let login = AdminLogin {
            challenge: "00".to_owned(),
            hash: "very-secret".to_owned(),
        };
        assert!(!format!("{key:?}{token:?}{login:?}").contains("very"));
    }

    #[test]
    fn a_key_on_the_wire_has_every_field() {
        let key = AdminApiKey {
            id: "1".to_owned(),
            name: "default".to_owned(),
            key_value: String::new(),
            max_runtimes: Some(50),
            remaining_credits: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&key).unwrap(), @r#"{"id":"1","name":"default","key_value":"","max_runtimes":50,"remaining_credits":null}"#);
    }
}
