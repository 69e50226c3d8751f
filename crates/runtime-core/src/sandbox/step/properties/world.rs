//! An ideal world: it does what it is asked and moves on, and what goes wrong is the case's choice.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::super::super::observation::{AgentState, BootState, DiskState, Observation};
use super::super::super::reason::{Reason, ReasonCode};
use super::super::super::spec::Service;
use super::super::{Effect, Outcome, OutcomeKind};
use crate::clock::Timestamp;
use crate::ids::Boot;

const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It gets ready and stays.
    GetsReady,
    /// It ends before it is ready.
    CrashesEarly,
    /// It gets ready and ends.
    CrashesLater,
    /// It gets ready and is gone without a word.
    Vanishes,
    /// Its agent never answers.
    NeverReady,
    /// It never gets room.
    NeverUp,
}

impl Fate {
    pub(super) const ALL: [Self; 6] = [
        Self::GetsReady,
        Self::CrashesEarly,
        Self::CrashesLater,
        Self::Vanishes,
        Self::NeverReady,
        Self::NeverUp,
    ];
}

/// What becomes of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It takes hold.
    None,
    /// It fails for now.
    Failed,
    /// It takes hold, and looks as if it had failed.
    AnswerLost,
    /// It takes hold, and the server dies before it knows.
    Killed,
    /// It is accepted, and nothing comes of it.
    Ignored,
}

impl Fault {
    pub(super) const ALL: [Self; 5] = [
        Self::None,
        Self::Failed,
        Self::AnswerLost,
        Self::Killed,
        Self::Ignored,
    ];
}

#[derive(Debug, Clone)]
struct Compute {
    state: BootState,
    agent: AgentState,
    fate: Fate,
    /// Whether the watch has told of it.
    seen: bool,
}

impl Compute {
    fn is_leaving(&self) -> bool {
        matches!(self.state, BootState::Leaving { .. })
    }
}

/// The compute and the disk of one sandbox.
#[derive(Debug, Clone)]
pub(super) struct World {
    boots: BTreeMap<Boot, Compute>,
    disk: DiskState,
    /// Of the boots to come; those after them get ready.
    fates: VecDeque<Fate>,
    /// Of the effects to come; those after them take hold.
    faults: VecDeque<Fault>,
    /// Agents wait for their initialisation.
    dormant: bool,
    /// The watch tells of a boot only after a while.
    late: bool,
    /// It moves on after each step, and not only when there is nothing to do.
    pub(super) fast: bool,
}

impl World {
    pub(super) fn new(
        boots: BTreeMap<Boot, (BootState, AgentState)>,
        disk: DiskState,
        fates: Vec<Fate>,
        faults: Vec<Fault>,
        [dormant, late, fast]: [bool; 3],
    ) -> Self {
        let compute = |(state, agent)| Compute {
            state,
            agent,
            fate: Fate::GetsReady,
            seen: true,
        };
        Self {
            boots: boots
                .into_iter()
                .map(|(boot, there)| (boot, compute(there)))
                .collect(),
            disk,
            fates: fates.into(),
            faults: faults.into(),
            dormant,
            late,
            fast,
        }
    }

    pub(super) fn observe(&self) -> Observation {
        let seen = || self.boots.iter().filter(|(_, compute)| compute.seen);
        let agent = match seen().next_back() {
            Some((_, newest)) if matches!(newest.state, BootState::Up { .. }) => newest.agent,
            _ => AgentState::Unknown,
        };
        Observation {
            boots: seen()
                .map(|(boot, compute)| (*boot, compute.state.clone()))
                .collect(),
            disk: self.disk,
            agent,
            obstacle: None,
            fresh: true,
        }
    }

    /// Boots that exist and are not leaving, told of or not.
    pub(super) fn awake(&self) -> Vec<Boot> {
        self.boots
            .iter()
            .filter(|(_, compute)| !compute.is_leaving() && compute.state != BootState::Frozen)
            .map(|(boot, _)| *boot)
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.boots.is_empty()
    }

    /// Does what is asked, as far as the next fault lets it, and says how it went; nothing if the server died.
    pub(super) fn perform(
        &mut self,
        effect: Effect,
        now: Timestamp,
    ) -> Result<Option<Outcome>, TestCaseError> {
        let unseen = |boot| {
            self.boots
                .get(&boot)
                .is_some_and(|compute: &Compute| !compute.seen)
        };
        let fault = match self.faults.pop_front().unwrap_or(Fault::None) {
            // A backend may not say of a boot that nobody sees that it is gone, and keep it.
            Fault::Ignored if matches!(effect, Effect::Release(boot) if unseen(boot)) => {
                Fault::None
            }
            fault => fault,
        };
        if matches!(fault, Fault::None | Fault::AnswerLost | Fault::Killed) {
            self.take_hold(effect)?;
        }
        let (kind, wait) = match fault {
            Fault::None | Fault::Ignored => (OutcomeKind::Done, PATIENCE),
            Fault::Failed | Fault::AnswerLost => {
                let kind = OutcomeKind::Retry("try again".to_owned());
                (kind, Duration::from_secs(1))
            }
            Fault::Killed => {
                // The next process lists what there is before it decides anything.
                self.boots
                    .values_mut()
                    .for_each(|compute| compute.seen = true);
                return Ok(None);
            }
        };
        Ok(Some(Outcome {
            effect,
            kind,
            not_before: now.plus(wait),
        }))
    }

    fn take_hold(&mut self, effect: Effect) -> Result<(), TestCaseError> {
        let awake = self.boots.iter().find(|(_, compute)| !compute.is_leaving());
        match effect {
            Effect::Launch(boot) if self.boots.contains_key(&boot) => {}
            Effect::Launch(boot) => {
                prop_assert!(awake.is_none(), "{boot} beside {awake:?}");
                if self.disk == DiskState::Absent {
                    self.disk = DiskState::Present;
                }
                let compute = Compute {
                    state: BootState::Booting {
                        detail: "pulling".to_owned(),
                    },
                    agent: AgentState::Unknown,
                    fate: self.fates.pop_front().unwrap_or(Fate::GetsReady),
                    seen: !self.late,
                };
                self.boots.insert(boot, compute);
            }
            Effect::Erase => {
                prop_assert!(awake.is_none(), "the disk of {awake:?}");
                if self.disk == DiskState::Present {
                    self.disk = DiskState::Absent;
                }
            }
            Effect::Bind(boot) => self.change(boot, |compute| {
                compute.agent = AgentState::Silent;
            }),
            Effect::Release(boot) => self.change(boot, |compute| {
                let reason = Reason::new(ReasonCode::Deleted, "released");
                compute.state = BootState::Leaving { reason };
            }),
            Effect::Freeze(boot) => self.change(boot, |compute| {
                compute.state = BootState::Frozen;
            }),
            Effect::Thaw(boot) => self.change(boot, |compute| {
                compute.state = up();
                compute.agent = AgentState::Silent;
            }),
        }
        Ok(())
    }

    fn change(&mut self, boot: Boot, change: impl FnOnce(&mut Compute)) {
        if let Some(compute) = self.boots.get_mut(&boot) {
            change(compute);
        }
    }

    /// Lets everything move on a little; false if nothing moves by itself.
    pub(super) fn moves(&mut self) -> bool {
        let mut moved = false;
        let dormant = self.dormant;
        self.boots.retain(|_, compute| {
            let before = (compute.state.clone(), compute.agent, compute.seen);
            let stays = !compute.seen || compute.moves(dormant);
            compute.seen = true;
            moved |= !stays || before != (compute.state.clone(), compute.agent, compute.seen);
            stays
        });
        moved
    }
}

impl Compute {
    /// False if it is gone.
    fn moves(&mut self, dormant: bool) -> bool {
        let ready = AgentState::Ready { idle: None };
        match (&self.state, self.fate) {
            (BootState::Leaving { .. }, _) => return false,
            (BootState::Frozen | BootState::Exited { .. }, _)
            | (BootState::Booting { .. }, Fate::NeverUp) => {}
            (BootState::Booting { .. }, _) => {
                self.state = up();
                self.agent = if dormant {
                    AgentState::Dormant
                } else {
                    AgentState::Silent
                };
            }
            (BootState::Up { .. }, Fate::CrashesEarly) => self.state = exited(),
            (BootState::Up { .. }, Fate::CrashesLater) if self.agent == ready => {
                self.state = exited();
            }
            (BootState::Up { .. }, Fate::Vanishes) if self.agent == ready => return false,
            (BootState::Up { .. }, Fate::NeverReady) => {}
            (BootState::Up { .. }, _) if self.agent == AgentState::Dormant => {}
            (BootState::Up { .. }, _) => self.agent = ready,
        }
        true
    }
}

fn up() -> BootState {
    BootState::Up {
        endpoints: [(Service::Agent, ([127, 0, 0, 1], 20_000).into())]
            .into_iter()
            .collect(),
    }
}

fn exited() -> BootState {
    BootState::Exited {
        reason: Reason::new(ReasonCode::Error, "the program ended"),
        code: Some(1),
        log_tail: String::new(),
    }
}
