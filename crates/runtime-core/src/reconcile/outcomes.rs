//! How the last effect on each sandbox went, with the back-off of those that did not work. In memory only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ids::SandboxId;
use crate::sandbox::Outcome;

#[derive(Debug, Default)]
pub(crate) struct Outcomes(Mutex<HashMap<SandboxId, Entry>>);

#[derive(Debug)]
struct Entry {
    last: Outcome,
    /// Tries in a row that did not work.
    failures: u32,
}

impl Outcomes {
    pub(super) fn last(&self, id: &SandboxId) -> Option<Outcome> {
        self.lock().get(id).map(|entry| entry.last.clone())
    }

    /// Tries of this kind that did not work, in a row.
    pub(super) fn failures(&self, id: &SandboxId) -> u32 {
        self.lock().get(id).map_or(0, |entry| entry.failures)
    }

    pub(super) fn set(&self, id: &SandboxId, last: Outcome, failures: u32) {
        self.lock().insert(id.clone(), Entry { last, failures });
    }

    pub(super) fn forget(&self, id: &SandboxId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SandboxId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait after `failures` tries: doubling from `first` up to `longest`.
pub(super) fn backoff(first: Duration, longest: Duration, failures: u32) -> Duration {
    let factor = 2u32
        .checked_pow(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let wait = |failures| {
            backoff(
                Duration::from_millis(200),
                Duration::from_secs(60),
                failures,
            )
            .as_millis()
        };
        assert_eq!(
            [1, 2, 3, 9, 10, 100].map(wait),
            [200, 400, 800, 51_200, 60_000, 60_000]
        );
    }
}
