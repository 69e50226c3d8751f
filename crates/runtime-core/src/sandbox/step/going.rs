//! The rows for sandboxes that are to be paused or stopped.

use super::super::observation::{BootState, DiskState};
use super::super::phase::Phase;
use super::{Decision, Effect, Look, OutcomeKind, PauseMode};

impl Look<'_> {
    /// Compute goes, the disk stays.
    pub(super) fn pause(&self) -> Decision {
        let mut draft = self.draft();
        let awake = self.any_boot(|_, state| !matches!(state, BootState::Frozen));
        if let Some((boot, state)) = awake {
            draft.leave(Phase::Pausing);
            if self.policy.pause == PauseMode::Freeze && matches!(state, BootState::Up { .. }) {
                let (effect, look_again) = self.act(Effect::Freeze(boot));
                return draft.decide(effect, look_again);
            }
            return self.take_away(draft, boot, state);
        }
        if let Some(boot) = self.launched_unseen() {
            draft.leave(Phase::Pausing);
            let (effect, look_again) = self.act(Effect::Release(boot));
            return draft.decide(effect, look_again);
        }
        if draft.state().phase != Phase::Paused {
            draft.clear_compute();
            draft.edit(|state| {
                state.failure = None;
                state.not_before = None;
            });
            draft.enter(Phase::Paused);
        }
        draft.decide(None, None)
    }

    /// Compute goes, then the disk; the record stays.
    pub(super) fn stop(&self) -> Decision {
        let mut draft = self.draft();
        if let Some((boot, state)) = self.any_boot(|_, _| true) {
            // A boot that shows up after the end is a zombie: it goes, the record stays stopped.
            if draft.state().phase != Phase::Stopped {
                draft.leave(Phase::Stopping);
            }
            return self.take_away(draft, boot, state);
        }
        if draft.state().phase == Phase::Stopped {
            // A zombie may have made a disk once more.
            let left = self.seen.disk == DiskState::Present;
            let (effect, look_again) = if left {
                self.act(Effect::Erase)
            } else {
                (None, None)
            };
            return draft.decide(effect, look_again);
        }
        if let Some(boot) = self.launched_unseen() {
            draft.leave(Phase::Stopping);
            let (effect, look_again) = self.act(Effect::Release(boot));
            return draft.decide(effect, look_again);
        }
        let erased = self
            .last
            .is_some_and(|last| last.effect == Effect::Erase && last.kind == OutcomeKind::Done);
        if erased && self.seen.disk != DiskState::Present {
            draft.clear_compute();
            draft.enter(Phase::Stopped);
            return draft.decide(None, None);
        }
        draft.leave(Phase::Stopping);
        let (effect, look_again) = self.act(Effect::Erase);
        draft.decide(effect, look_again)
    }
}
