//! `[policy]`: when to give up on a sandbox, and when not yet.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};
use crate::config::values::written;

pub(super) const SECTION: Section = Section {
    name: "policy",
    is_list: false,
    about: "When to give up on a sandbox, and when not yet.",
    keys: &[
        Key::of::<Duration>(
            "schedule_deadline",
            "From wanting a sandbox to its process running.",
        ),
        Key::of::<Duration>(
            "ready_deadline",
            "From the process running to the agent's answer.",
        ),
        Key::of::<u32>(
            "max_boots",
            "Boots in a row that never got ready, until the sandbox has failed.",
        ),
        Key::of::<u32>(
            "max_restarts",
            "Restarts within `restart_window`, until the sandbox has failed.",
        ),
        Key::of::<Duration>("restart_window", "The time in which restarts are counted."),
        Key::of::<Duration>(
            "backoff",
            "Wait before the second restart in a row; it doubles up to `backoff_max`.",
        ),
        Key::of::<Duration>("backoff_max", "The longest wait before a restart."),
        Key::of::<Duration>(
            "refusal_grace",
            "For how long a launch that is refused is tried again.",
        ),
    ],
};

/// When to give up on a sandbox, and when not yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Policy {
    #[serde(with = "written")]
    pub(crate) schedule_deadline: Duration,
    #[serde(with = "written")]
    pub(crate) ready_deadline: Duration,
    pub(crate) max_boots: u32,
    pub(crate) max_restarts: u32,
    #[serde(with = "written")]
    pub(crate) restart_window: Duration,
    #[serde(with = "written")]
    pub(crate) backoff: Duration,
    #[serde(with = "written")]
    pub(crate) backoff_max: Duration,
    #[serde(with = "written")]
    pub(crate) refusal_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        let policy = runtime_core::sandbox::Policy::default();
        Self {
            schedule_deadline: policy.schedule_deadline,
            ready_deadline: policy.ready_deadline,
            max_boots: policy.max_boots,
            max_restarts: policy.max_restarts,
            restart_window: policy.restart_window,
            backoff: policy.backoff,
            backoff_max: policy.backoff_max,
            refusal_grace: policy.refusal_grace,
        }
    }
}
