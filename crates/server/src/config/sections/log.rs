//! `[log]`: what the server tells of itself.

use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};
use crate::config::checks::Checks;
use crate::config::values::{Written, written};
use crate::telemetry;

pub(super) const SECTION: Section = Section {
    name: "log",
    is_list: false,
    about: "The log, on standard error.",
    keys: &[
        Key::of::<LogFormat>("format", "Lines for people, or one object a line.")
            .flag("--log-format"),
        Key::of::<String>(
            "level",
            "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"; for one part: \"info,gateway=debug\".",
        ),
    ],
};

/// The log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    #[serde(with = "written")]
    pub(crate) format: LogFormat,
    /// A filter such as `info` or `info,gateway=debug`.
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".to_owned(),
        }
    }
}

impl Log {
    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        if telemetry::filter(&self.level).is_err() {
            checks.mistake(
                "log.level",
                "must be a level such as \"info\", or \"info,gateway=debug\"",
            );
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Human,
    /// One object a line.
    Json,
}

impl Written for LogFormat {
    const ALLOWED: &'static str = "\"human\" or \"json\"";

    fn read(text: &str) -> Option<Self> {
        match text {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Human => "human",
            Self::Json => "json",
        }
        .to_owned()
    }
}
