//! The figures that decisions follow.

use std::time::Duration;

/// What a pause does with the compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseMode {
    /// It is given back; the disk stays.
    Release,
    /// It is stopped with its memory kept, where the backend can.
    Freeze,
}

/// The figures that decisions follow. The defaults are those of design §4 and contract §5.1 rule 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// From wanting a boot to its process running: scheduling and image pull.
    pub schedule_deadline: Duration,
    /// From the process running to the agent's answer.
    pub ready_deadline: Duration,
    /// Boots in a row that never got ready, until it has failed.
    pub max_boots: u32,
    /// Restarts within the window, until it has failed.
    pub max_restarts: u32,
    /// See [`max_restarts`](Self::max_restarts).
    pub restart_window: Duration,
    /// Wait before the second restart in a row; it doubles with each. The first comes at once.
    pub backoff: Duration,
    /// Longest wait before a restart.
    pub backoff_max: Duration,
    /// For how long a refused launch is tried again: a registry that hiccups is not a failure.
    pub refusal_grace: Duration,
    /// Progress is written into the record no more often than this.
    pub detail_interval: Duration,
    /// An accepted effect that shows nothing is repeated after this time.
    pub patience: Duration,
    /// What a pause does.
    pub pause: PauseMode,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            schedule_deadline: Duration::from_secs(3600),
            ready_deadline: Duration::from_secs(300),
            max_boots: 5,
            max_restarts: 5,
            restart_window: Duration::from_secs(600),
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            refusal_grace: Duration::from_secs(10),
            detail_interval: Duration::from_secs(5),
            patience: Duration::from_secs(10),
            pause: PauseMode::Release,
        }
    }
}

impl Policy {
    /// The wait before the restart that follows `lost` boots within the window: none after the first, then doubling.
    pub(super) fn restart_delay(&self, lost: usize) -> Duration {
        let Some(doublings) = lost.checked_sub(2) else {
            return Duration::ZERO;
        };
        let factor = u32::try_from(doublings)
            .ok()
            .and_then(|power| 2u32.checked_pow(power))
            .unwrap_or(u32::MAX);
        self.backoff.saturating_mul(factor).min(self.backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_comes_at_once_and_the_wait_then_doubles_up_to_the_longest() {
        let policy = Policy::default();
        let waits: Vec<u64> = (0..12)
            .map(|lost| policy.restart_delay(lost).as_secs())
            .collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(policy.restart_delay(usize::MAX), policy.backoff_max);
    }
}
