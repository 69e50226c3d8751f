//! A runtime object as a client reads it.

use serde_json::Value;

/// A runtime object whose fields were checked (contract §4, §5.1).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Runtime(pub(crate) Value);

impl Runtime {
    /// Checks what clients crash on: every field of contract §4 that is never null, and that the two statuses agree.
    #[track_caller]
    pub(crate) fn checked(value: Value) -> Self {
        let text = |field: &str| {
            let text = value[field].as_str();
            text.unwrap_or_else(|| panic!("{field} is no text: {value}"))
                .to_owned()
        };
        for field in ["runtime_id", "session_id", "session_api_key"] {
            assert!(!text(field).is_empty(), "{field} is empty: {value}");
        }
        assert!(value["restart_count"].is_u64(), "{value}");
        assert!(value["restart_reasons"].is_array(), "{value}");
        assert!(value["work_hosts"].is_object(), "{value}");
        assert!(
            value["command"].is_string() || value["command"].is_array(),
            "{value}"
        );
        let url = text("url");
        assert!(
            url.starts_with("http://") && !url.ends_with('/') && !url.contains('?'),
            "{url}"
        );
        assert!(text("session_api_key").len() >= 43, "a short key");
        let (status, pod_status) = (text("status"), text("pod_status").to_lowercase());
        let allowed: &[&str] = match status.as_str() {
            "starting" => &["pending", "running"],
            "running" => &["ready", "running", "pending"],
            "paused" | "stopped" => &["not found"],
            "error" => &["failed", "crashloopbackoff"],
            _ => &[],
        };
        assert!(
            allowed.contains(&pod_status.as_str()),
            "{status} with {pod_status}: {value}"
        );
        Self(value)
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        self.text("runtime_id")
    }

    pub(crate) fn session(&self) -> &str {
        self.text("session_id")
    }

    pub(crate) fn url(&self) -> &str {
        self.text("url")
    }

    pub(crate) fn key(&self) -> &str {
        self.text("session_api_key")
    }

    pub(crate) fn status(&self) -> &str {
        self.text("status")
    }

    pub(crate) fn pod_status(&self) -> &str {
        self.text("pod_status")
    }

    pub(crate) fn detail(&self) -> &str {
        self.text("status_detail")
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.0["restart_count"].as_u64().unwrap_or(u64::MAX)
    }

    /// What may never change while the runtime lives.
    pub(crate) fn identity(&self) -> [&str; 4] {
        [self.id(), self.session(), self.url(), self.key()]
    }
}
