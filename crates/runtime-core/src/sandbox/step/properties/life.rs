//! One sandbox in one world: decide, store, do, and so on until nothing is left to do.

use proptest::prelude::*;

use super::super::super::accept::{Command, Verb, accept};
use super::super::super::event::Actor;
use super::super::super::phase::{Desired, Phase};
use super::super::super::record::Record;
use super::super::{Outcome, PauseMode, Policy, step};
use super::world::World;
use crate::clock::Timestamp;

/// More steps than any life needs: some eight for each boot, and no more boots than a policy allows. The longest of
/// 60,000 lives took 82.
const BOUND: usize = 120;

#[derive(Debug)]
pub(super) struct Life {
    pub(super) record: Record,
    world: World,
    last: Option<Outcome>,
    now: Timestamp,
    policy: Policy,
    wanted: Desired,
}

impl Life {
    pub(super) fn new(
        record: Record,
        world: World,
        last: Option<Outcome>,
        now: Timestamp,
        freezes: bool,
    ) -> Self {
        let pause = if freezes {
            PauseMode::Freeze
        } else {
            PauseMode::Release
        };
        Self {
            wanted: record.state.intent.desired,
            record,
            world,
            last,
            now,
            policy: Policy {
                pause,
                ..Policy::default()
            },
        }
    }

    /// One decision and what comes of it. False at rest: nothing to store, to do, to wait for.
    fn step(&mut self) -> Result<bool, TestCaseError> {
        let seen = self.world.observe();
        let decision = step(
            &self.record,
            &seen,
            self.last.as_ref(),
            self.now,
            &self.policy,
        );
        super::obeys_the_laws(&self.record, &seen, self.now, &decision)?;
        let idle = decision.next.is_none() && decision.effect.is_none();
        if let Some(next) = decision.next {
            self.record = Record {
                version: next.version.next(),
                ..next
            };
        }
        if let Some(effect) = decision.effect {
            self.last = self.world.perform(effect, self.now)?;
        }
        if (idle || self.world.fast) && self.world.moves() {
            return Ok(true);
        }
        match decision.look_again {
            Some(at) if idle => self.now = at,
            None if idle => return Ok(false),
            _ => {}
        }
        Ok(true)
    }

    /// So many steps; at rest they change nothing.
    pub(super) fn steps(&mut self, steps: usize) -> Result<(), TestCaseError> {
        for _ in 0..steps {
            self.step()?;
        }
        Ok(())
    }

    /// Somebody says this; it may be refused.
    pub(super) fn command(&mut self, verb: Verb) -> Result<(), TestCaseError> {
        let by = Actor::Client;
        let Ok(accepted) = accept(&self.record, &Command { verb, by }, self.now) else {
            return Ok(());
        };
        let Some(next) = accepted.next else {
            return Ok(());
        };
        prop_assert!(next.state.intent.generation > self.record.state.intent.generation);
        prop_assert_eq!(accepted.events.len(), 1);
        self.wanted = next.state.intent.desired;
        self.record = next;
        Ok(())
    }

    pub(super) fn comes_to_rest(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..BOUND {
            if !self.step()? {
                return Ok(());
            }
        }
        Err(TestCaseError::fail(format!("not at rest: {self:#?}")))
    }

    /// It is where it is wanted, or has failed, and the world is as the record says.
    pub(super) fn is_settled(&self) -> Result<(), TestCaseError> {
        let state = &self.record.state;
        let awake = self.world.awake();
        prop_assert_eq!(state.intent.desired, self.wanted);
        match (self.wanted, state.phase) {
            (Desired::Running, Phase::Running) => {
                prop_assert_eq!(awake, [state.boot]);
                prop_assert!(state.endpoints.is_some());
            }
            (Desired::Paused, Phase::Paused) => {
                prop_assert!(awake.is_empty(), "{awake:?} is still billed");
            }
            (Desired::Stopped, Phase::Stopped)
            | (Desired::Running | Desired::Paused, Phase::Failed) => {
                prop_assert!(self.world.is_empty(), "something was left");
            }
            _ => return Err(TestCaseError::fail(format!("settled wrongly: {self:#?}"))),
        }
        Ok(())
    }
}
