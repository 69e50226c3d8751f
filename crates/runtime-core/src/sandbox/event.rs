//! Timeline entries: who wanted what, what happened, and why. They are written with the record, in one transaction.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Who wanted something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A client of the API.
    Client,
    /// A person at the command line.
    Operator,
    /// A rule of the server, by name, such as `idle`.
    Policy(String),
    /// The server itself, keeping what is wanted.
    Server,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("client"),
            Self::Operator => f.write_str("operator"),
            Self::Policy(name) => write!(f, "policy {name}"),
            Self::Server => f.write_str("server"),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The record was made.
    Created,
    /// A command was accepted that wants something else than before.
    Wanted,
    /// The sandbox moved to another phase.
    Moved,
    /// A boot was lost and another takes its place.
    Restarted,
    /// It cannot go on.
    Failed,
}

impl EventKind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Wanted => "wanted",
            Self::Moved => "moved",
            Self::Restarted => "restarted",
            Self::Failed => "failed",
        }
    }
}

/// One entry of a sandbox's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Who.
    pub by: Actor,
    /// Why or what exactly, in words for a person.
    pub message: String,
}
