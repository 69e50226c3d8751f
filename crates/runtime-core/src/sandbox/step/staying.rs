//! The rows for sandboxes that are to run.

use std::time::Duration;

use super::super::observation::{AgentState, BootState, DiskState, Endpoints};
use super::super::phase::Phase;
use super::super::reason::{Reason, ReasonCode};
use super::draft::Draft;
use super::{Decision, Effect, Look, OutcomeKind};
use crate::clock::Timestamp;

/// How a boot ended, where it ended by itself: exit code and last lines.
type Ended<'a> = Option<(Option<i32>, &'a str)>;

impl Look<'_> {
    /// A boot is wanted and not ready yet.
    pub(super) fn starting(&self) -> Decision {
        let current = self.record.state.boot;
        if let Some((boot, state)) = self.any_boot(|boot, _| boot != current) {
            return self.take_away(self.draft(), boot, state);
        }
        match self.seen.boots.get(&current) {
            None => self.absent(),
            Some(BootState::Booting { detail }) => self.booting(detail),
            Some(BootState::Up { endpoints }) => self.up(endpoints),
            Some(BootState::Frozen) => {
                let (effect, look_again) = self.act(Effect::Thaw(current));
                self.draft().decide(effect, look_again)
            }
            Some(BootState::Leaving { reason }) => self.lose(reason, None),
            Some(BootState::Exited {
                reason,
                code,
                log_tail,
            }) => self.lose(reason, Some((*code, log_tail))),
        }
    }

    /// The agent answered; now the boot only has to stay.
    pub(super) fn running(&self) -> Decision {
        let current = self.record.state.boot;
        if let Some((boot, state)) = self.any_boot(|boot, _| boot != current) {
            return self.take_away(self.draft(), boot, state);
        }
        match self.seen.boots.get(&current) {
            None => self.lose(&vanished(), None),
            Some(BootState::Up { endpoints }) => {
                let mut draft = self.draft();
                self.see_disk(&mut draft);
                // It is well, but *running* says that clients reach it now.
                if let Some(obstacle) = &self.seen.obstacle {
                    draft.tell(Some(obstacle), Duration::ZERO);
                    draft.enter(Phase::Starting);
                }
                if draft.state().endpoints.as_ref() != Some(endpoints) {
                    draft.edit(|state| state.endpoints = Some(endpoints.clone()));
                }
                draft.decide(None, None)
            }
            Some(BootState::Booting { .. } | BootState::Frozen) => {
                let mut draft = self.draft();
                draft.clear_compute();
                draft.enter(Phase::Starting);
                draft.decide(None, Some(self.now))
            }
            Some(BootState::Leaving { reason }) => self.lose(reason, None),
            Some(BootState::Exited {
                reason,
                code,
                log_tail,
            }) => self.lose(reason, Some((*code, log_tail))),
        }
    }

    /// It was paused, or had failed, and is wanted again.
    pub(super) fn come_back(&self) -> Decision {
        let current = self.record.state.boot;
        let mut draft = self.draft();
        let in_the_way =
            self.any_boot(|boot, state| boot != current || !matches!(state, BootState::Frozen));
        if let Some((boot, state)) = in_the_way {
            return self.take_away(draft, boot, state);
        }
        let effect = if self.seen.boots.contains_key(&current) {
            draft.thawed();
            Effect::Thaw(current)
        } else if let Some(boot) = self.launched_unseen() {
            Effect::Release(boot)
        } else {
            Effect::Launch(draft.fresh_boot())
        };
        let (effect, look_again) = self.act(effect);
        draft.decide(effect, look_again)
    }

    fn absent(&self) -> Decision {
        let state = &self.record.state;
        // A number stands for one incarnation: one that was up, also before a freeze, is not launched again.
        let boot = Some(state.boot);
        if state.up_since.is_some() || state.ready_boot == boot || state.bound_boot == boot {
            return self.lose(&vanished(), None);
        }
        let launch = Effect::Launch(state.boot);
        let last = self.last.filter(|last| last.effect == launch);
        let mut draft = self.draft();
        match last.map(|last| &last.kind) {
            Some(OutcomeKind::Refused(message)) => match state.refused_since {
                Some(since) if self.now >= since.plus(self.policy.refusal_grace) => {
                    return self.fail(Reason::new(ReasonCode::LaunchRefused, message));
                }
                Some(_) => {}
                None => {
                    let now = self.now;
                    draft.edit(|state| {
                        state.refused_since = Some(now);
                        state.detail = Some(message.clone());
                    });
                }
            },
            Some(OutcomeKind::Retry(message)) => {
                // Without end: it is the backend or its platform that is in trouble, not the sandbox.
                draft.tell(Some(message), self.policy.detail_interval);
            }
            Some(OutcomeKind::Done) | None => {}
        }
        if let Some(not_before) = state.not_before.filter(|not_before| self.now < *not_before) {
            return draft.decide(None, Some(not_before));
        }
        let (effect, look_again) = self.act(launch);
        draft.decide(effect, look_again)
    }

    fn booting(&self, detail: &str) -> Decision {
        let deadline = self
            .record
            .state
            .boot_since
            .plus(self.policy.schedule_deadline);
        if self.now >= deadline {
            return self.lose(&Reason::new(ReasonCode::Unschedulable, detail), None);
        }
        let mut draft = self.draft();
        if draft.state().refused_since.is_some() {
            draft.edit(|state| state.refused_since = None);
        }
        let later = draft.tell(Some(detail), self.policy.detail_interval);
        draft.decide(None, Some(sooner(later, deadline)))
    }

    fn up(&self, endpoints: &Endpoints) -> Decision {
        let (now, boot) = (self.now, self.record.state.boot);
        let mut draft = self.draft();
        self.see_disk(&mut draft);
        if draft.state().up_since.is_none() || draft.state().endpoints.as_ref() != Some(endpoints) {
            draft.edit(|state| {
                state.up_since = state.up_since.or(Some(now));
                state.endpoints = Some(endpoints.clone());
                state.refused_since = None;
                state.not_before = None;
                state.detail = None;
            });
        }
        if let Some(obstacle) = &self.seen.obstacle {
            // Not the boot's fault: no deadline, and another boot would not help.
            let later = draft.tell(Some(obstacle), self.policy.detail_interval);
            return draft.decide(None, later);
        }
        if draft.state().detail.is_some() {
            // Whatever stood in the way is gone; the agent's time begins now.
            draft.edit(|state| {
                state.detail = None;
                state.up_since = Some(now);
            });
        }
        if let AgentState::Ready { .. } = self.seen.agent {
            draft.edit(|state| {
                state.ready_boot = Some(boot);
                state.ran = true;
            });
            draft.enter(Phase::Running);
            return draft.decide(None, None);
        }
        let deadline = draft
            .state()
            .up_since
            .unwrap_or(now)
            .plus(self.policy.ready_deadline);
        if now >= deadline {
            let reason = Reason::new(ReasonCode::NotReady, "the agent did not answer in time");
            return self.lose(&reason, None);
        }
        if self.seen.agent == AgentState::Dormant && draft.state().bound_boot != Some(boot) {
            return self.bind(draft);
        }
        draft.decide(None, Some(deadline))
    }

    /// A dormant agent is initialised once per boot, before anybody hears that it runs.
    fn bind(&self, mut draft: Draft) -> Decision {
        let boot = self.record.state.boot;
        let bound = self.last.is_some_and(|last| {
            last.effect == Effect::Bind(boot) && last.kind == OutcomeKind::Done
        });
        if bound {
            draft.edit(|state| state.bound_boot = Some(boot));
            return draft.decide(None, Some(self.now.plus(self.policy.patience)));
        }
        let (effect, look_again) = self.act(Effect::Bind(boot));
        draft.decide(effect, look_again)
    }

    /// The boot is gone or going: the sandbox heals on its disk, unless that happened too often.
    fn lose(&self, reason: &Reason, ended: Ended<'_>) -> Decision {
        let mut draft = self.draft();
        let max_restarts = usize::try_from(self.policy.max_restarts).unwrap_or(usize::MAX);
        draft.lost(reason, ended, max_restarts);
        let state = draft.state();
        let window_begins = |at: Timestamp| self.now.since(at) < self.policy.restart_window;
        let recent = state
            .restarts
            .iter()
            .filter(|restart| window_begins(restart.at))
            .count();
        let never_ready = state.boots_never_ready();
        if recent > max_restarts || never_ready >= self.policy.max_boots {
            draft.fail(give_up(reason, ended, recent));
        } else {
            draft.next_boot(Some(self.now.plus(self.policy.restart_delay(recent))));
        }
        let lost = self.record.state.boot;
        match self.seen.boots.get(&lost) {
            Some(state) => self.take_away(draft, lost, state),
            None => {
                let look_again = draft.state().not_before;
                draft.decide(None, look_again)
            }
        }
    }

    /// Once its disk was seen it must exist.
    fn see_disk(&self, draft: &mut Draft) {
        if self.seen.disk == DiskState::Present && !draft.state().disk_seen {
            draft.edit(|state| state.disk_seen = true);
        }
    }
}

fn sooner(progress: Option<Timestamp>, deadline: Timestamp) -> Timestamp {
    progress.map_or(deadline, |progress| progress.min(deadline))
}

fn vanished() -> Reason {
    Reason::new(ReasonCode::Vanished, "its compute is gone and left no word")
}

/// What is said of a sandbox that is not tried again.
fn give_up(reason: &Reason, ended: Ended<'_>, times: usize) -> Reason {
    match reason.code {
        ReasonCode::Unschedulable | ReasonCode::NotReady => reason.clone(),
        _ => {
            let code = match ended {
                Some((Some(code), _)) => format!(" (exit code {code})"),
                _ => String::new(),
            };
            Reason::new(
                ReasonCode::CrashLoopBackOff,
                format!(
                    "it was lost {times} times, at last: {}{code}",
                    reason.message
                ),
            )
        }
    }
}
