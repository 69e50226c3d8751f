//! `GET /health` and the probes beside it (contract §6.1).

use serde::Serialize;

/// The body of a probe that succeeds: `{"status":"ok"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Health {
    status: &'static str,
}

impl Health {
    /// All is well.
    pub const OK: Self = Self { status: "ok" };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    #[test]
    fn health_is_an_object() {
        assert_eq!(Health::OK.to_json(), br#"{"status":"ok"}"#);
    }
}
