//! The status words and which of them agree (contract §5).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Where a runtime is. Always lower case: clients compare it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Accepted, and not yet reachable.
    Starting,
    /// A client can reach it now over its `url`.
    Running,
    /// Its compute is gone or going, its disk is kept.
    Paused,
    /// Gone or going for good.
    Stopped,
    /// Gave up; terminal to every client, so never for what may pass.
    Error,
}

impl Status {
    /// Every word.
    pub const ALL: [Self; 5] = [
        Self::Starting,
        Self::Running,
        Self::Paused,
        Self::Stopped,
        Self::Error,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }

    /// Whether the pair may be shown (contract §5.1): some clients read the one word, some the other, some both.
    pub const fn allows(self, pod: PodStatus) -> bool {
        match self {
            Self::Starting => matches!(pod, PodStatus::Pending | PodStatus::Running),
            Self::Running => matches!(
                pod,
                PodStatus::Ready | PodStatus::Running | PodStatus::Pending
            ),
            Self::Paused | Self::Stopped => matches!(pod, PodStatus::NotFound),
            Self::Error => matches!(pod, PodStatus::CrashLoopBackOff | PodStatus::Failed),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a runtime is, in the words of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PodStatus {
    /// No process yet.
    Pending,
    /// The process runs, and does not answer yet.
    Running,
    /// The agent answers.
    Ready,
    /// There is none: paused or stopped.
    NotFound,
    /// Gave up.
    Failed,
    /// Gave up after crash upon crash.
    CrashLoopBackOff,
    /// A word of other servers: terminal to clients, so this one never sends it.
    Unknown,
}

impl PodStatus {
    /// Every word.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Running,
        Self::Ready,
        Self::NotFound,
        Self::Failed,
        Self::CrashLoopBackOff,
        Self::Unknown,
    ];

    /// Its word in the given letters.
    pub const fn word(self, case: PodStatusCase) -> &'static str {
        let (lower, title) = match self {
            Self::Pending => ("pending", "Pending"),
            Self::Running => ("running", "Running"),
            Self::Ready => ("ready", "Ready"),
            Self::NotFound => ("not found", "Not Found"),
            Self::Failed => ("failed", "Failed"),
            Self::CrashLoopBackOff => ("crashloopbackoff", "CrashLoopBackOff"),
            Self::Unknown => ("unknown", "Unknown"),
        };
        match case {
            PodStatusCase::Lower => lower,
            PodStatusCase::Title => title,
        }
    }
}

/// Folds case, as clients from 0.15 on do.
impl FromStr for PodStatus {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|status| status.word(PodStatusCase::Lower).eq_ignore_ascii_case(text))
            .ok_or(UnknownWord)
    }
}

/// A word that is no pod status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word for the status of a pod")]
pub struct UnknownWord;

/// The letters that `pod_status` is written in (contract §5.2). `status` has no such choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PodStatusCase {
    /// `not found`: what every client from 0.15 on reads.
    #[default]
    Lower,
    /// `Not Found`: what clients 0.10 to 0.14 compare with.
    Title,
}

/// A pod status together with the letters that it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PodStatusText {
    /// The status.
    pub status: PodStatus,
    /// The letters.
    pub case: PodStatusCase,
}

impl PodStatusText {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        self.status.word(self.case)
    }
}

/// Every word in both writings.
impl PartialSchema for PodStatusText {
    fn schema() -> RefOr<Schema> {
        let words = [PodStatusCase::Lower, PodStatusCase::Title]
            .into_iter()
            .flat_map(|case| PodStatus::ALL.map(|status| status.word(case)));
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Where a runtime is, in the words of a pod. In title case for runtimes that clients 0.10 to 0.14 \
                 started, which compare it so; `unknown` is never sent.",
            ))
            .enum_values(Some(words));
        Schema::Object(schema.build()).into()
    }
}

impl ToSchema for PodStatusText {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PodStatus")
    }
}

impl fmt::Display for PodStatusText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<PodStatus> for PodStatusText {
    fn from(status: PodStatus) -> Self {
        Self {
            status,
            case: PodStatusCase::default(),
        }
    }
}

impl Serialize for PodStatusText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PodStatusText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let status: PodStatus = text.parse().map_err(serde::de::Error::custom)?;
        let case = if status.word(PodStatusCase::Title) == text {
            PodStatusCase::Title
        } else {
            PodStatusCase::Lower
        };
        Ok(Self { status, case })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_status_has_two_writings_and_is_read_in_any() {
        let table = [
            (PodStatus::Pending, "pending", "Pending"),
            (PodStatus::Running, "running", "Running"),
            (PodStatus::Ready, "ready", "Ready"),
            (PodStatus::NotFound, "not found", "Not Found"),
            (PodStatus::Failed, "failed", "Failed"),
            (
                PodStatus::CrashLoopBackOff,
                "crashloopbackoff",
                "CrashLoopBackOff",
            ),
            (PodStatus::Unknown, "unknown", "Unknown"),
        ];
        assert_eq!(table.map(|(status, _, _)| status), PodStatus::ALL);
        for (status, lower, title) in table {
            for (case, word) in [(PodStatusCase::Lower, lower), (PodStatusCase::Title, title)] {
                let text = PodStatusText { status, case };
                let json = serde_json::to_string(&text).unwrap();
                assert_eq!(json, format!("\"{word}\""));
                assert_eq!(serde_json::from_str::<PodStatusText>(&json).unwrap(), text);
            }
            assert_eq!(lower.to_uppercase().parse(), Ok(status));
        }
        assert_eq!("notfound".parse::<PodStatus>(), Err(UnknownWord));
    }

    #[test]
    fn a_status_is_written_as_it_is_named() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }

    #[test]
    fn the_two_words_agree_as_the_table_of_the_contract_says() {
        let allowed = [
            (Status::Starting, PodStatus::Pending),
            (Status::Starting, PodStatus::Running),
            (Status::Running, PodStatus::Ready),
            (Status::Running, PodStatus::Running),
            (Status::Running, PodStatus::Pending),
            (Status::Paused, PodStatus::NotFound),
            (Status::Stopped, PodStatus::NotFound),
            (Status::Error, PodStatus::CrashLoopBackOff),
            (Status::Error, PodStatus::Failed),
        ];
        for status in Status::ALL {
            for pod in PodStatus::ALL {
                assert_eq!(
                    status.allows(pod),
                    allowed.contains(&(status, pod)),
                    "{status} {pod:?}"
                );
            }
        }
    }
}
