//! `POST /stop`, `/pause` and `/resume`: which runtime is meant (contract §5.3).

use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{BodyError, Fields};

/// Which runtime is meant: the body of `/stop`, `/pause` and `/resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LifecycleRequest {
    /// The runtime, or for old clients its session. None is not an error of the body: clients send `null` when their
    /// start failed, which `/stop` and `/pause` answer with 200 and `/resume` with 404.
    #[schema(pattern = r"^[^\x00]*$", example = "qhzvtbkwmaxeoyrd")]
    pub runtime_id: Option<String>,
}

impl LifecycleRequest {
    /// The request for this runtime.
    pub fn of(runtime_id: impl Into<String>) -> Self {
        Self {
            runtime_id: Some(runtime_id.into()),
        }
    }

    /// Parses the body. Absent, `null`, `""` and a body without bytes are no id.
    ///
    /// # Errors
    /// A body that is no JSON object, or an id that is no text.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        let runtime_id = if body.is_empty() {
            None
        } else {
            Fields::parse(body)?.take_text("runtime_id")?
        };
        Ok(Self { runtime_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_missing() {
        let table: [(&str, Option<&str>); 5] = [
            (
                r#"{"runtime_id": "qhzvtbkwmaxeoyrd", "x": 1}"#,
                Some("qhzvtbkwmaxeoyrd"),
            ),
            (r#"{"runtime_id": null}"#, None),
            (r#"{"runtime_id": ""}"#, None),
            ("{}", None),
            ("", None),
        ];
        for (body, expected) in table {
            let request = LifecycleRequest::parse(body.as_bytes()).unwrap();
            assert_eq!(request.runtime_id.as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_request_is_read_back() {
        for request in [
            LifecycleRequest::of("qhzvtbkwmaxeoyrd"),
            LifecycleRequest { runtime_id: None },
        ] {
            let body = serde_json::to_vec(&request).unwrap();
            assert_eq!(LifecycleRequest::parse(&body), Ok(request));
        }
    }

    #[test]
    fn an_id_must_not_be_wrong() {
        let table = [
            (
                r#"{"runtime_id": 5}"#,
                "runtime_id must be a string, not a number",
            ),
            (r#"["a"]"#, "the body must be a JSON object, not an array"),
            (
                "{",
                "the body ends in the middle of its JSON (line 1, column 1): send a JSON object",
            ),
        ];
        for (body, expected) in table {
            assert_eq!(
                LifecycleRequest::parse(body.as_bytes())
                    .unwrap_err()
                    .to_string(),
                expected
            );
        }
    }
}
