//! Where each setting comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where the value of a key comes from. Mistakes are told in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The configuration file.
    File {
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// The environment variable of this name.
    Variable(String),
    /// The flag of this name.
    Flag(&'static str),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

/// The origin of every key that somebody set, by its path (`local.images[1].image` in lists).
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(BTreeMap<String, Origin>);

impl Origins {
    pub(super) fn set(&mut self, path: String, origin: Origin) {
        self.0.insert(path, origin);
    }

    /// Every key that somebody set.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().map(|(path, origin)| (path.as_str(), origin))
    }

    /// Where the value of a key comes from.
    pub(super) fn of(&self, path: &str) -> Origin {
        self.0.get(path).cloned().unwrap_or(Origin::Default)
    }
}
