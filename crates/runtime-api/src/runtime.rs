//! The runtime object: one shape wherever a runtime is shown (contract §4).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::command::Command;

mod status;

pub use status::{PodStatus, PodStatusCase, PodStatusText, Status, UnknownWord};

/// A runtime as clients see it. What is no `Option` and no list is never `null` and never absent: clients crash on
/// one missing field of one entry of a page. An `Option` that is none and a list marked so are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Runtime {
    /// Name of the runtime, a DNS label; the same over pause and resume.
    #[schema(example = "qhzvtbkwmaxeoyrd")]
    pub runtime_id: String,
    /// The caller's name for it, exactly as sent.
    #[schema(example = "4Zr0bQk7TnUeXw2mLs9PdA")]
    pub session_id: String,
    /// Public base of its port 60000, without a trailing slash.
    #[schema(
        format = "uri",
        example = "https://qhzvtbkwmaxeoyrd.sandbox.example.com"
    )]
    pub url: String,
    /// Key of the agent in it, present in every state.
    #[schema(value_type = String, example = "b0x9Yk3lQ7TnUeXw2mLs9PdA4Zr0bQk7TnUeXw2mLs9")]
    pub session_api_key: SessionApiKey,
    /// Where it is.
    pub status: Status,
    /// The same in the words of a pod; agrees with `status`.
    pub pod_status: PodStatusText,
    /// How often its process was restarted.
    pub restart_count: u32,
    /// Why, one entry a restart: `OOMKilled`, `Error`.
    pub restart_reasons: Vec<String>,
    /// Public bases of its web applications, and the port behind each.
    pub work_hosts: BTreeMap<String, u16>,
    /// The command as sent; `""` for none.
    pub command: Command,
    /// Why it waits or failed, for people.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// Statuses of its containers while it waits; left out when empty. Clients only log them.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub container_statuses: Vec<Value>,
    /// What happened to it lately while it waits; left out when empty. Clients only log them.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub events: Vec<Value>,
    /// The end of its log when it failed; the SDK puts it into its error.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_logs: Option<String>,
    /// The image.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// When it was made (RFC 3339, like the times below).
    #[schema(nullable = false, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When its state changed last.
    #[schema(nullable = false, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// When somebody used it last.
    #[schema(nullable = false, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<String>,
    /// Public base of its VS Code.
    #[schema(nullable = false, format = "uri")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vscode_url: Option<String>,
    /// Why its process ended last.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_termination_reason: Option<String>,
    /// The exit code of that end.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_termination_exit_code: Option<i32>,
}

impl Runtime {
    /// The same runtime with its `pod_status` in the other letters (contract §5.2).
    #[must_use]
    pub fn in_case(mut self, case: PodStatusCase) -> Self {
        self.pod_status.case = case;
        self
    }
}

/// Other servers may send `null` for these lists (contract §4).
fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Option::<Vec<Value>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The key that a client talks to the agent of one runtime with. It goes out in JSON and nowhere else: `Debug` shows
/// nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionApiKey(String);

impl SessionApiKey {
    /// A key from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the header `X-Session-API-Key`.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionApiKey(hidden)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Response;

    /// The runtime of contract §4.
    pub(crate) fn example() -> Runtime {
        let work =
            |number: u8| format!("https://work-{number}-qhzvtbkwmaxeoyrd.sandbox.example.com");
        Runtime {
            runtime_id: "qhzvtbkwmaxeoyrd".to_owned(),
            session_id: "4Zr0bQk7TnUeXw2mLs9PdA".to_owned(),
            url: "https://qhzvtbkwmaxeoyrd.sandbox.example.com".to_owned(),
            session_api_key: SessionApiKey::new("b0x9Yk3l"),
            status: Status::Starting,
            pod_status: PodStatus::Pending.into(),
            restart_count: 0,
            restart_reasons: Vec::new(),
            work_hosts: BTreeMap::from([(work(1), 12000), (work(2), 12001)]),
            command: Command::default(),
            status_detail: Some("pulling image".to_owned()),
            container_statuses: Vec::new(),
            events: Vec::new(),
            pod_logs: None,
            image: None,
            created_at: None,
            updated_at: None,
            last_activity_at: None,
            vscode_url: None,
            last_termination_reason: None,
            last_termination_exit_code: None,
        }
    }

    #[test]
    fn a_starting_runtime_on_the_wire() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&example()).unwrap(), @r#"
        {
          "runtime_id": "qhzvtbkwmaxeoyrd",
          "session_id": "4Zr0bQk7TnUeXw2mLs9PdA",
          "url": "https://qhzvtbkwmaxeoyrd.sandbox.example.com",
          "session_api_key": "b0x9Yk3l",
          "status": "starting",
          "pod_status": "pending",
          "restart_count": 0,
          "restart_reasons": [],
          "work_hosts": {
            "https://work-1-qhzvtbkwmaxeoyrd.sandbox.example.com": 12000,
            "https://work-2-qhzvtbkwmaxeoyrd.sandbox.example.com": 12001
          },
          "command": "",
          "status_detail": "pulling image"
        }
        "#);
    }

    #[test]
    fn a_failed_runtime_of_a_legacy_client_with_every_field_on_the_wire() {
        let text = |text: &str| Some(text.to_owned());
        let runtime = Runtime {
            status: Status::Error,
            pod_status: PodStatus::CrashLoopBackOff.into(),
            restart_count: 5,
            restart_reasons: vec!["OOMKilled".to_owned()],
            work_hosts: BTreeMap::new(),
            command: Command::Words(vec!["serve".to_owned()]),
            status_detail: text("ended 5 times"),
            container_statuses: vec![serde_json::json!({"name": "agent"})],
            events: vec![serde_json::json!({"reason": "BackOff"})],
            pod_logs: text("out of memory"),
            image: text("agent-server:1.58.2"),
            created_at: text("2026-01-05T10:00:00Z"),
            updated_at: text("2026-01-05T10:00:01Z"),
            last_activity_at: text("2026-01-05T10:00:02Z"),
            vscode_url: text("https://vscode-qhzvtbkwmaxeoyrd.sandbox.example.com"),
            last_termination_reason: text("OOMKilled"),
            last_termination_exit_code: Some(137),
            ..example()
        }
        .in_case(PodStatusCase::Title);
        insta::assert_snapshot!(serde_json::to_string_pretty(&runtime).unwrap(), @r#"
        {
          "runtime_id": "qhzvtbkwmaxeoyrd",
          "session_id": "4Zr0bQk7TnUeXw2mLs9PdA",
          "url": "https://qhzvtbkwmaxeoyrd.sandbox.example.com",
          "session_api_key": "b0x9Yk3l",
          "status": "error",
          "pod_status": "CrashLoopBackOff",
          "restart_count": 5,
          "restart_reasons": [
            "OOMKilled"
          ],
          "work_hosts": {},
          "command": [
            "serve"
          ],
          "status_detail": "ended 5 times",
          "container_statuses": [
            {
              "name": "agent"
            }
          ],
          "events": [
            {
              "reason": "BackOff"
            }
          ],
          "pod_logs": "out of memory",
          "image": "agent-server:1.58.2",
          "created_at": "2026-01-05T10:00:00Z",
          "updated_at": "2026-01-05T10:00:01Z",
          "last_activity_at": "2026-01-05T10:00:02Z",
          "vscode_url": "https://vscode-qhzvtbkwmaxeoyrd.sandbox.example.com",
          "last_termination_reason": "OOMKilled",
          "last_termination_exit_code": 137
        }
        "#);
        assert_eq!(
            serde_json::from_slice::<Runtime>(&runtime.to_json()).unwrap(),
            runtime
        );
    }

    #[test]
    fn what_may_be_null_is_read_as_absent() {
        let mut json = serde_json::to_value(example()).unwrap();
        let fields = json.as_object_mut().unwrap();
        for field in ["status_detail", "container_statuses", "events", "pod_logs"] {
            fields.insert(field.to_owned(), Value::Null);
        }
        let read: Runtime = serde_json::from_value(json).unwrap();
        let status_detail = None;
        assert_eq!(
            read,
            Runtime {
                status_detail,
                ..example()
            }
        );
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert!(!format!("{:?}", example()).contains("b0x9Yk3l"));
    }
}
