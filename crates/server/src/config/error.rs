//! Mistakes in the configuration: which key, where it stands, and what is allowed.

use std::fmt;

use super::origin::Origin;

/// One thing that is wrong with the configuration, or odd in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub(super) origin: Origin,
    /// The key; empty for a file as a whole.
    pub(super) key: String,
    /// What is wrong; it goes on after the key.
    pub(super) wrong: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}` ", self.key)?;
        }
        f.write_str(&self.wrong)
    }
}

/// Why the configuration cannot be used: everything that is wrong with it, not only the first.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
}

impl ConfigError {
    pub(super) fn new(mut mistakes: Vec<Mistake>, warnings: Vec<Mistake>) -> Self {
        mistakes.sort_by(|one, other| one.origin.cmp(&other.origin));
        Self { mistakes, warnings }
    }

    /// Each of them, in the order in which file, variables and flags stand.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// What would work, and is hardly what somebody wants.
    pub fn warnings(&self) -> &[Mistake] {
        &self.warnings
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [mistake] = self.mistakes.as_slice() {
            return mistake.fmt(f);
        }
        write!(f, "{} mistakes", self.mistakes.len())?;
        for mistake in &self.mistakes {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}
