//! A record being edited by a decision, with the timeline entries that the edits owe.

use std::time::Duration;

use super::super::event::{Actor, Event, EventKind};
use super::super::phase::Phase;
use super::super::reason::Reason;
use super::super::record::{Exit, Failure, Record, Restart, State};
use super::{Decision, Effect};
use crate::clock::Timestamp;
use crate::ids::Boot;

/// Lost boots that a record remembers, unless the policy must count more.
const KEPT_RESTARTS: usize = 10;

#[derive(Debug)]
pub(super) struct Draft {
    next: Record,
    events: Vec<Event>,
    changed: bool,
    now: Timestamp,
}

impl Draft {
    pub(super) fn of(record: &Record, now: Timestamp) -> Self {
        Self {
            next: record.clone(),
            events: Vec::new(),
            changed: false,
            now,
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.next.state
    }

    /// Edits the state without an entry in the timeline.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut State)) {
        edit(&mut self.next.state);
        self.changed = true;
    }

    fn note(&mut self, kind: EventKind, message: String) {
        self.events.push(Event {
            at: self.now,
            kind,
            by: Actor::Server,
            message,
        });
    }

    /// Moves to another phase; staying is no move.
    pub(super) fn enter(&mut self, phase: Phase) {
        let from = self.next.state.phase;
        if from == phase {
            return;
        }
        let now = self.now;
        self.edit(|state| {
            state.phase = phase;
            state.phase_since = now;
        });
        self.note(
            EventKind::Moved,
            format!("{} → {}", from.as_str(), phase.as_str()),
        );
    }

    /// Moves on to pause or stop: from now on nobody is led to the compute that goes.
    pub(super) fn leave(&mut self, phase: Phase) {
        if self.next.state.endpoints.is_some() {
            self.clear_compute();
        }
        self.enter(phase);
    }

    /// Forgets what belongs to compute that is gone or going.
    pub(super) fn clear_compute(&mut self) {
        self.edit(|state| {
            state.endpoints = None;
            state.up_since = None;
            state.detail = None;
            state.refused_since = None;
        });
    }

    /// The next boot takes the place of the one that the record names.
    pub(super) fn next_boot(&mut self, not_before: Option<Timestamp>) -> Boot {
        self.clear_compute();
        let now = self.now;
        self.edit(|state| {
            state.boot = state.boot.next();
            state.boot_since = now;
            state.not_before = not_before;
        });
        self.enter(Phase::Starting);
        self.next.state.boot
    }

    /// A boot for a new intent: restarts are counted from here.
    pub(super) fn fresh_boot(&mut self) -> Boot {
        let boot = self.next_boot(None);
        self.edit(|state| {
            state.intent_boot = boot;
            state.restarts.clear();
            state.failure = None;
        });
        boot
    }

    /// The frozen boot goes on for a new intent.
    pub(super) fn thawed(&mut self) {
        self.edit(|state| {
            state.intent_boot = state.boot;
            state.restarts.clear();
            state.failure = None;
        });
        self.enter(Phase::Starting);
    }

    /// Remembers that the current boot was lost; one more than `max_restarts` are kept, so that they can be counted.
    pub(super) fn lost(
        &mut self,
        reason: &Reason,
        exit: Option<(Option<i32>, &str)>,
        max_restarts: usize,
    ) {
        let (boot, at) = (self.next.state.boot, self.now);
        let kept = KEPT_RESTARTS.max(max_restarts.saturating_add(1));
        self.edit(|state| {
            let excess = (state.restarts.len() + 1).saturating_sub(kept);
            state.restarts.drain(..excess);
            state.restarts.push(Restart {
                boot,
                at,
                reason: reason.clone(),
            });
            if let Some((code, log_tail)) = exit {
                state.last_exit = Some(Exit {
                    boot,
                    at,
                    reason: reason.clone(),
                    code,
                    log_tail: log_tail.to_owned(),
                });
            }
        });
        self.note(
            EventKind::Restarted,
            format!(
                "boot {boot} was lost: {}: {}",
                reason.code.as_str(),
                reason.message
            ),
        );
    }

    pub(super) fn fail(&mut self, reason: Reason) {
        self.clear_compute();
        self.note(
            EventKind::Failed,
            format!("{}: {}", reason.code.as_str(), reason.message),
        );
        let at = self.now;
        self.edit(|state| {
            state.detail = Some(reason.message.clone());
            state.failure = Some(Failure {
                generation: state.intent.generation,
                at,
                reason,
            });
        });
        self.enter(Phase::Failed);
    }

    /// Tells the owner what is waited for; progress alone is written no more often than `interval`. Returns when it may
    /// be written, if that is later.
    pub(super) fn tell(&mut self, detail: Option<&str>, interval: Duration) -> Option<Timestamp> {
        let state = &self.next.state;
        if state.detail.as_deref() == detail {
            return None;
        }
        if let Some(written) = state.detail_at
            && state.detail.is_some()
            && self.now < written.plus(interval)
        {
            return Some(written.plus(interval));
        }
        let now = self.now;
        self.edit(|state| {
            state.detail = detail.map(str::to_owned);
            state.detail_at = Some(now);
        });
        None
    }

    pub(super) fn decide(
        mut self,
        effect: Option<Effect>,
        look_again: Option<Timestamp>,
    ) -> Decision {
        if !self.changed {
            return Decision {
                effect,
                look_again,
                ..Decision::default()
            };
        }
        self.next.updated_at = self.now;
        Decision {
            next: Some(self.next),
            events: self.events,
            effect,
            look_again,
        }
    }
}
