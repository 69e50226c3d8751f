//! `GET /health` and the probes beside it (contract §6.1).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of a probe that succeeds: `{"status":"ok"}`.
///
/// Clients read that it is an object and nothing more, so the word of another server may be any or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    #[schema(value_type = String, example = "ok", required)]
    #[serde(default)]
    status: Cow<'static, str>,
}

impl Health {
    /// All is well.
    pub const OK: Self = Self {
        status: Cow::Borrowed("ok"),
    };

    /// The word, `ok` from a server of ours.
    pub fn status(&self) -> &str {
        &self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    #[test]
    fn health_is_an_object() {
        let json = Health::OK.to_json();
        assert_eq!(json, br#"{"status":"ok"}"#);
        assert_eq!(serde_json::from_slice::<Health>(&json).unwrap(), Health::OK);
        let other: Health = serde_json::from_str(r#"{"ok": true}"#).unwrap();
        assert_eq!(other.status(), "");
    }
}
