//! Why something happened to a sandbox: a stable code for programs and words for people.

use serde::{Deserialize, Serialize};

/// A stable code. Where Kubernetes has a word for it, the code is that word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReasonCode {
    /// The program ended with exit code 0.
    Completed,
    /// The program ended with another exit code or by a signal.
    Error,
    /// The kernel ended it for its memory limit.
    #[serde(rename = "OOMKilled")]
    OomKilled,
    /// The process that watches over the program was lost, so the program was ended.
    SupervisorLost,
    /// It is no longer there and nobody knows why.
    Vanished,
    /// The platform took its compute away.
    Evicted,
    /// It is being removed by us or by the platform.
    Deleted,
    /// The backend says that this can never be launched.
    LaunchRefused,
    /// It did not get compute in time.
    Unschedulable,
    /// The agent did not answer in time.
    NotReady,
    /// It ended again and again.
    CrashLoopBackOff,
    /// The disk that should exist is gone.
    DiskLost,
}

impl ReasonCode {
    /// The code as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Error => "Error",
            Self::OomKilled => "OOMKilled",
            Self::SupervisorLost => "SupervisorLost",
            Self::Vanished => "Vanished",
            Self::Evicted => "Evicted",
            Self::Deleted => "Deleted",
            Self::LaunchRefused => "LaunchRefused",
            Self::Unschedulable => "Unschedulable",
            Self::NotReady => "NotReady",
            Self::CrashLoopBackOff => "CrashLoopBackOff",
            Self::DiskLost => "DiskLost",
        }
    }
}

/// A code and a sentence without a full stop, fit to be shown to the sandbox's owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: ReasonCode,
    /// For people.
    pub message: String,
}

impl Reason {
    /// A reason from its parts.
    pub fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
