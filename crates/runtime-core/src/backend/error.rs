//! Errors of backends, sorted by what the caller should do.

use std::error::Error as StdError;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Try again later, without end.
    Retry,
    /// It can never work like this: tell the owner.
    Refused,
    /// The object is not there: look again.
    Gone,
}

/// An error of a backend. The message says what was attempted, in words fit for the sandbox's owner; the source says
/// why.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    class: ErrorClass,
    message: String,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl BackendError {
    /// An error without a further cause.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        self.class
    }

    /// The message and its causes in one line, for the owner and the log.
    pub fn explained(&self) -> String {
        let mut text = self.message.clone();
        let mut cause: Option<&(dyn StdError + 'static)> = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
