//! What is wanted of a sandbox, and where it is.

use serde::{Deserialize, Serialize};

/// What the last accepted command wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// Compute runs and the agent answers.
    Running,
    /// No compute; the disk stays.
    Paused,
    /// Neither compute nor disk; only the record stays.
    Stopped,
}

impl Desired {
    /// Every value, for tables and properties.
    pub const ALL: [Self; 3] = [Self::Running, Self::Paused, Self::Stopped];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

/// Where a sandbox is on its way to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A boot is asked for and not ready yet, for the first time or again.
    Starting,
    /// The agent answers where clients reach it.
    Running,
    /// Compute is being released, the disk kept.
    Pausing,
    /// No compute, a disk.
    Paused,
    /// Compute and disk are being removed.
    Stopping,
    /// Nothing is left but the record.
    Stopped,
    /// It cannot go on; a newer intent may bring it back.
    Failed,
}

impl Phase {
    /// Every value, for tables and properties.
    pub const ALL: [Self; 7] = [
        Self::Starting,
        Self::Running,
        Self::Pausing,
        Self::Paused,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}
