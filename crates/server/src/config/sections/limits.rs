//! `[limits]`: what clients may have.

use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};

pub(super) const SECTION: Section = Section {
    name: "limits",
    is_list: false,
    about: "What clients may have.",
    keys: &[Key::of::<u32>(
        "max_live",
        "Sandboxes that may be starting or running at once; 0 for any number.",
    )],
};

/// What clients may have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    max_live: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // The fiftieth must not kill a laptop.
        Self { max_live: 50 }
    }
}

impl Limits {
    /// How many sandboxes may be live; none for any number.
    pub(crate) fn max_live(&self) -> Option<u32> {
        (self.max_live > 0).then_some(self.max_live)
    }
}
