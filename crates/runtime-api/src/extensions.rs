//! What a server of ours tells beside the contract: what happened to a runtime, and what it wrote.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The timeline of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct RuntimeEvents {
    /// What happened, oldest first.
    pub events: Vec<RuntimeEvent>,
}

/// One entry of a runtime's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuntimeEvent {
    /// When (RFC 3339).
    #[schema(format = DateTime, required)]
    pub at: Option<String>,
    /// What: `created`, `wanted`, `moved`, `restarted`, `failed`.
    pub kind: String,
    /// Who wanted it: `client`, `operator`, `server`, or `policy` and its name.
    pub by: String,
    /// The same and why, for people.
    pub message: String,
}

/// What a runtime wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct RuntimeLogs {
    /// The end of what it wrote.
    pub logs: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    #[test]
    fn events_and_logs_on_the_wire() {
        let events = RuntimeEvents {
            events: vec![RuntimeEvent {
                at: Some("2026-01-05T10:00:00.000Z".to_owned()),
                kind: "created".to_owned(),
                by: "client".to_owned(),
                message: "start".to_owned(),
            }],
        };
        let json = String::from_utf8(events.to_json()).unwrap();
        insta::assert_snapshot!(json, @r#"{"events":[{"at":"2026-01-05T10:00:00.000Z","kind":"created","by":"client","message":"start"}]}"#);
        assert_eq!(
            serde_json::from_str::<RuntimeEvents>(&json).unwrap(),
            events
        );
        let logs = RuntimeLogs {
            logs: "a\nb".to_owned(),
        };
        assert_eq!(logs.to_json(), br#"{"logs":"a\nb"}"#);
    }
}
