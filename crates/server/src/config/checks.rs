//! What no single value can tell of itself: settings that must fit together, files that must be there.

use std::fs;
use std::path::Path;

use super::error::Mistake;
use super::origin::Origins;

/// What the checks of the sections found.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    origins: &'a Origins,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Mistake>,
}

impl<'a> Checks<'a> {
    pub(super) fn new(origins: &'a Origins) -> Self {
        Self {
            origins,
            mistakes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The server cannot be started with it. `wrong` goes on after the key.
    pub(super) fn mistake(&mut self, key: &str, wrong: impl Into<String>) {
        self.mistakes.push(self.found(key, wrong.into()));
    }

    /// It works, and is hardly what somebody wants.
    pub(super) fn warning(&mut self, key: &str, odd: impl Into<String>) {
        self.warnings.push(self.found(key, odd.into()));
    }

    /// The text of a file that a key names, without white space around it.
    pub(super) fn text_of(&mut self, key: &str, path: &Path) -> Option<String> {
        match fs::read_to_string(path) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(error) => {
                let wrong = format!("names {}, which cannot be read: {error}", path.display());
                self.mistake(key, wrong);
                None
            }
        }
    }

    fn found(&self, key: &str, wrong: String) -> Mistake {
        Mistake {
            origin: self.origins.of(key),
            key: key.to_owned(),
            wrong,
        }
    }
}
