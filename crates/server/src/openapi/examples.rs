//! Examples of requests and answers.

use runtime_api::{ErrorBody, ErrorCode};
use serde_json::{Value, json};

pub(super) const RUNTIME_ID: &str = "qhzvtbkwmaxeoyrd";
pub(super) const SESSION_ID: &str = "4Zr0bQk7TnUeXw2mLs9PdA";

pub(super) fn start() -> Value {
    json!({
        "image": "registry.example.com/agent-server:1.58.2-python",
        "command": ["/usr/local/bin/openhands-agent-server", "--port", "60000"],
        "working_dir": "/workspace",
        "environment": {"OH_VSCODE_PORT": "60001", "LOG_JSON": "true", "LMNR_BASE_URL": ""},
        "session_id": SESSION_ID,
        "resource_factor": 1,
        "run_as_user": 10001,
        "run_as_group": 10001,
        "fs_group": 10001,
        "runtime_class": "sysbox-runc"
    })
}

pub(super) fn runtime() -> Value {
    json!({
        "runtime_id": RUNTIME_ID,
        "session_id": SESSION_ID,
        "url": "https://qhzvtbkwmaxeoyrd.sandbox.example.com",
        "session_api_key": "b0x9Yk3lQ7TnUeXw2mLs9PdA4Zr0bQk7TnUeXw2mLs9",
        "status": "starting",
        "pod_status": "pending",
        "restart_count": 0,
        "restart_reasons": [],
        "work_hosts": {
            "https://work-1-qhzvtbkwmaxeoyrd.sandbox.example.com": 12000,
            "https://work-2-qhzvtbkwmaxeoyrd.sandbox.example.com": 12001
        },
        "command": ["/usr/local/bin/openhands-agent-server", "--port", "60000"],
        "status_detail": "pulling image"
    })
}

pub(super) fn runtime_id() -> Value {
    json!({"runtime_id": RUNTIME_ID})
}

pub(super) fn warm_config() -> Value {
    json!({
        "image": "registry.example.com/agent-server:1.58.2-python",
        "command": ["/usr/local/bin/openhands-agent-server", "--port", "60000"],
        "environment": {"LOG_JSON": "true"},
        "working_dir": "/workspace"
    })
}

pub(super) fn error(code: ErrorCode, detail: &'static str) -> Value {
    // An object of texts is always written.
    serde_json::to_value(ErrorBody::new(code, detail)).unwrap_or_default()
}
