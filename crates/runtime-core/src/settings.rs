//! The figures that the core runs by, beside the [`Policy`] of its decisions.

use std::time::Duration;

use crate::sandbox::Policy;

/// The figures that the core runs by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What decisions follow.
    pub policy: Policy,
    /// For how long `start` and `resume` hold their answer until the sandbox is ready; zero turns it off. At most 2 s
    /// by contract §1 rule 11.
    pub hold: Duration,
    /// How many sandboxes of the installation may be live; none: no limit.
    pub max_live: Option<u32>,
    /// Sandboxes that are looked at side by side.
    pub looks: usize,
    /// Every sandbox is looked at once in this time, whatever happens.
    pub sweep: Duration,
    /// For how long the record of a stopped sandbox is kept (contract §5.3).
    pub history: Duration,
    /// Compute without a record is left alone until it is this old.
    pub orphan_grace: Duration,
    /// First wait after an effect that did not work; it doubles up to `retry_max`, with jitter.
    pub retry: Duration,
    /// Longest wait after an effect that did not work.
    pub retry_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            hold: Duration::from_secs(2),
            max_live: None,
            looks: 64,
            sweep: Duration::from_secs(60),
            history: Duration::from_secs(90 * 24 * 3600),
            orphan_grace: Duration::from_secs(600),
            retry: Duration::from_millis(200),
            retry_max: Duration::from_secs(60),
        }
    }
}
