//! The one place where phases move: what is stored and what was seen in, what to store and what to do out.
//!
//! [`step`] is pure: no clock, no I/O, no locks. The rows of design §4 stand in its tests one to one.

mod draft;
mod going;
mod policy;
#[cfg(test)]
mod properties;
mod staying;
#[cfg(test)]
mod tests;

pub use policy::{PauseMode, Policy};

use draft::Draft;

use super::event::Event;
use super::observation::{BootState, DiskState, Observation};
use super::phase::{Desired, Phase};
use super::reason::{Reason, ReasonCode};
use super::record::Record;
use crate::clock::Timestamp;
use crate::ids::Boot;

/// The one thing to do after a decision was stored. Every effect may be repeated without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Launch this boot.
    Launch(Boot),
    /// Initialise the agent of this boot.
    Bind(Boot),
    /// Take this boot's compute away.
    Release(Boot),
    /// Stop this boot and keep its memory.
    Freeze(Boot),
    /// Let this frozen boot go on.
    Thaw(Boot),
    /// Remove the disk and what is left.
    Erase,
}

impl Effect {
    /// The word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Launch(_) => "launch",
            Self::Bind(_) => "bind",
            Self::Release(_) => "release",
            Self::Freeze(_) => "freeze",
            Self::Thaw(_) => "thaw",
            Self::Erase => "erase",
        }
    }
}

/// How an effect went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Accepted.
    Done,
    /// It did not work now, for the reason given.
    Retry(String),
    /// It can never work, for the reason given.
    Refused(String),
}

/// The outcome of the last effect on a sandbox. It lives in memory: after a crash the effect is simply tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which effect.
    pub effect: Effect,
    /// How it went.
    pub kind: OutcomeKind,
    /// The same effect is not to be repeated before this time.
    pub not_before: Timestamp,
}

/// What to store, what to do, and when to look again although nothing happened.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// The record to store; none when it stays as it is.
    pub next: Option<Record>,
    /// Its timeline entries.
    pub events: Vec<Event>,
    /// What to do once it is stored.
    pub effect: Option<Effect>,
    /// When to look again.
    pub look_again: Option<Timestamp>,
}

/// Decides what is to be done about one sandbox.
///
/// `last` is the outcome of the last effect on it, if this process has done one. Nothing is decided on what was seen
/// while `seen` is not fresh.
pub fn step(
    record: &Record,
    seen: &Observation,
    last: Option<&Outcome>,
    now: Timestamp,
    policy: &Policy,
) -> Decision {
    if !seen.fresh {
        return Decision::default();
    }
    Look {
        record,
        seen,
        last,
        now,
        policy,
    }
    .decide()
}

/// One look at one sandbox: everything that a decision is made from.
#[derive(Debug, Clone, Copy)]
struct Look<'a> {
    record: &'a Record,
    seen: &'a Observation,
    last: Option<&'a Outcome>,
    now: Timestamp,
    policy: &'a Policy,
}

impl Look<'_> {
    fn decide(&self) -> Decision {
        let state = &self.record.state;
        let failed = state.failed_for_good();
        let disk_lost = state.disk_seen && self.seen.disk == DiskState::Absent;
        match (state.intent.desired, state.phase) {
            (Desired::Stopped, _) => self.stop(),
            (_, Phase::Failed) if failed => self.keep_clear(),
            _ if disk_lost => self.fail(Reason::new(
                ReasonCode::DiskLost,
                "its disk is gone, and its files with it",
            )),
            (Desired::Paused, _) => self.pause(),
            (Desired::Running, Phase::Starting) => self.starting(),
            (Desired::Running, Phase::Running) => self.running(),
            // Stopping and Stopped cannot be left: `accept` refuses. Were it so nevertheless, a new boot is right.
            (
                Desired::Running,
                Phase::Failed | Phase::Pausing | Phase::Paused | Phase::Stopping | Phase::Stopped,
            ) => self.come_back(),
        }
    }

    fn draft(&self) -> Draft {
        Draft::of(self.record, self.now)
    }

    /// `effect`, unless it was done a moment ago or is to be tried later: then when to look again.
    fn act(&self, effect: Effect) -> (Option<Effect>, Option<Timestamp>) {
        match self.last {
            Some(last) if last.effect == effect && self.now < last.not_before => {
                (None, Some(last.not_before))
            }
            _ => (Some(effect), None),
        }
    }

    /// Removes a boot that should not be there. One that is leaving is only waited for.
    fn take_away(&self, draft: Draft, boot: Boot, state: &BootState) -> Decision {
        if matches!(state, BootState::Leaving { .. }) {
            return draft.decide(None, Some(self.now.plus(self.policy.patience)));
        }
        let (effect, look_again) = self.act(Effect::Release(boot));
        draft.decide(effect, look_again)
    }

    /// A boot that fits and is seen; one that leaves already only if there is no other, so that it delays nothing.
    fn any_boot(&self, fits: impl Fn(Boot, &BootState) -> bool) -> Option<(Boot, &BootState)> {
        self.seen
            .boots
            .iter()
            .map(|(boot, state)| (*boot, state))
            .filter(|(boot, state)| fits(*boot, state))
            .min_by_key(|(_, state)| matches!(state, BootState::Leaving { .. }))
    }

    /// Nothing runs, and is billed, that failed.
    fn keep_clear(&self) -> Decision {
        match self.any_boot(|_, _| true) {
            Some((boot, state)) => self.take_away(self.draft(), boot, state),
            None => Decision::default(),
        }
    }

    fn fail(&self, reason: Reason) -> Decision {
        let mut draft = self.draft();
        draft.fail(reason);
        match self.any_boot(|_, _| true) {
            Some((boot, state)) => self.take_away(draft, boot, state),
            None => draft.decide(None, None),
        }
    }

    /// A boot whose launch was asked for by this process and that was not seen yet: it may still come, until its
    /// release was accepted.
    fn launched_unseen(&self) -> Option<Boot> {
        let last = self.last?;
        let ((Effect::Launch(boot), _) | (Effect::Release(boot), OutcomeKind::Retry(_))) =
            (last.effect, &last.kind)
        else {
            return None;
        };
        (!self.seen.boots.contains_key(&boot)).then_some(boot)
    }
}
