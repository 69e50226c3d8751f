//! Tests of [`step`](super::step): the table of design §4 row by row, then each rule at its edges.
//!
//! A test says what is [`Given`] in words (`to_run(Starting).sees(1, up())`), and takes one [`step`](Given::step) after
//! the other: the record moves on with each, what is seen changes only as the test says.

mod booting;
mod ending;
mod launching;
mod losing;
mod table;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::super::builders;
use super::super::event::EventKind;
use super::super::observation::{AgentState, BootState, DiskState, Endpoints, Observation};
use super::super::phase::{Desired, Phase};
use super::super::reason::{Reason, ReasonCode};
use super::super::record::{Failure, Record, State};
use super::super::spec::Service;
use super::{Decision, Effect, Outcome, OutcomeKind, PauseMode, Policy, step};
use crate::clock::Timestamp;
use crate::ids::{Boot, Generation};

/// When the tests look, unless they say otherwise, in seconds: a minute after the sandbox was asked for.
const NOW: i64 = 60;

const READY: AgentState = AgentState::Ready { idle: None };

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

const fn launch(boot: u32) -> Effect {
    Effect::Launch(Boot(boot))
}

const fn bind(boot: u32) -> Effect {
    Effect::Bind(Boot(boot))
}

const fn release(boot: u32) -> Effect {
    Effect::Release(Boot(boot))
}

const fn freeze(boot: u32) -> Effect {
    Effect::Freeze(Boot(boot))
}

const fn thaw(boot: u32) -> Effect {
    Effect::Thaw(Boot(boot))
}

fn retry(message: &str) -> OutcomeKind {
    OutcomeKind::Retry(message.to_owned())
}

fn refused(message: &str) -> OutcomeKind {
    OutcomeKind::Refused(message.to_owned())
}

fn endpoints(port: u16) -> Endpoints {
    [(
        Service::Agent,
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    )]
    .into_iter()
    .collect()
}

fn booting(detail: &str) -> BootState {
    BootState::Booting {
        detail: detail.to_owned(),
    }
}

fn up() -> BootState {
    BootState::Up {
        endpoints: endpoints(20_000),
    }
}

fn leaving() -> BootState {
    BootState::Leaving {
        reason: Reason::new(ReasonCode::Evicted, "the node is drained"),
    }
}

fn exited(code: i32) -> BootState {
    BootState::Exited {
        reason: Reason::new(ReasonCode::Error, "the program ended"),
        code: Some(code),
        log_tail: "Traceback: no module named agent".to_owned(),
    }
}

/// All that a decision is made from.
#[derive(Debug, Clone)]
struct Given {
    record: Record,
    seen: Observation,
    last: Option<Outcome>,
    now: Timestamp,
    policy: Policy,
}

fn to_run(phase: Phase) -> Given {
    given(Desired::Running, phase)
}

fn to_pause(phase: Phase) -> Given {
    given(Desired::Paused, phase)
}

fn to_stop(phase: Phase) -> Given {
    given(Desired::Stopped, phase)
}

/// Boot 1 of a sandbox as it usually is in `phase`; nothing is seen of it.
fn given(desired: Desired, phase: Phase) -> Given {
    let mut record = builders::record();
    record.state.intent.desired = desired;
    record.state.phase = phase;
    let given = Given {
        record,
        seen: Observation {
            fresh: true,
            ..Observation::default()
        },
        last: None,
        now: at(NOW),
        policy: Policy::default(),
    };
    match phase {
        Phase::Running => given.with(|state| {
            state.up_since = Some(at(10));
            state.endpoints = Some(endpoints(20_000));
            state.ready_boot = Some(state.boot);
            state.ran = true;
        }),
        Phase::Failed => given.with(|state| {
            state.failure = Some(Failure {
                generation: state.intent.generation,
                at: at(20),
                reason: Reason::new(ReasonCode::Error, "it broke"),
            });
        }),
        _ => given,
    }
}

impl Given {
    fn with(mut self, edit: impl FnOnce(&mut State)) -> Self {
        edit(&mut self.record.state);
        self
    }

    /// The record names this boot, the only one of its intent so far.
    fn boot(self, boot: u32) -> Self {
        self.with(|state| {
            state.boot = Boot(boot);
            state.intent_boot = Boot(boot);
            state.ready_boot = state.ready_boot.map(|_| Boot(boot));
        })
    }

    /// The record names this boot, and none of those before was ready.
    fn boot_in_a_row(self, boot: u32) -> Self {
        self.with(|state| state.boot = Boot(boot))
    }

    /// `times` boots were lost a moment ago.
    fn lost_before(self, times: u32) -> Self {
        self.with(|state| {
            state.restarts = (1..=times)
                .map(|boot| super::super::record::Restart {
                    boot: Boot(boot),
                    at: at(NOW - 1),
                    reason: Reason::new(ReasonCode::Error, "it broke"),
                })
                .collect();
        })
    }

    /// Somebody has wanted something since the failure.
    fn newer_intent(self) -> Self {
        self.with(|state| state.intent.generation = Generation(state.intent.generation.0 + 1))
    }

    fn sees(mut self, boot: u32, state: BootState) -> Self {
        self.seen.boots.insert(Boot(boot), state);
        self
    }

    fn sees_nothing(mut self) -> Self {
        self.seen.boots.clear();
        self
    }

    fn agent(mut self, agent: AgentState) -> Self {
        self.seen.agent = agent;
        self
    }

    fn disk(mut self, disk: DiskState) -> Self {
        self.seen.disk = disk;
        self
    }

    /// The disk was there, and is not any more.
    fn disk_lost(self) -> Self {
        self.with(|state| state.disk_seen = true)
            .disk(DiskState::Absent)
    }

    fn not_fresh(mut self) -> Self {
        self.seen.fresh = false;
        self
    }

    /// The last effect went this way just now; it is not to be repeated for 10 seconds.
    fn last(mut self, effect: Effect, kind: OutcomeKind) -> Self {
        self.last = Some(Outcome {
            effect,
            kind,
            not_before: self.now.plus(Duration::from_secs(10)),
        });
        self
    }

    fn done(self, effect: Effect) -> Self {
        self.last(effect, OutcomeKind::Done)
    }

    /// It is this second.
    fn at(mut self, seconds: i64) -> Self {
        self.now = at(seconds);
        self
    }

    fn freezing(mut self) -> Self {
        self.policy.pause = PauseMode::Freeze;
        self
    }

    fn state(&self) -> &State {
        &self.record.state
    }

    fn failure(&self) -> Option<&Reason> {
        self.state().failure.as_ref().map(|failure| &failure.reason)
    }

    /// Decides, and stores what is to be stored.
    fn step(&mut self) -> Decision {
        let decision = step(
            &self.record,
            &self.seen,
            self.last.as_ref(),
            self.now,
            &self.policy,
        );
        if let Some(next) = &decision.next {
            self.record = next.clone();
        }
        decision
    }

    /// Decides, stores, and says what is to be done.
    fn effect(&mut self) -> Option<Effect> {
        self.step().effect
    }
}
