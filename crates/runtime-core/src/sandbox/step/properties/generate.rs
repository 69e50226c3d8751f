//! Any record, observation, outcome and world, the odd ones too.

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::super::event::Actor;
use super::super::super::observation::{AgentState, BootState, Endpoints};
use super::super::super::reason::{Reason, ReasonCode};
use super::super::super::record::{Exit, Failure, Intent, Restart, State};
use super::super::super::spec::Service;
use super::super::{OutcomeKind, PauseMode};
use super::world::{Fate, Fault};
use super::*;
use crate::ids::{Boot, Generation};

/// A time within some ten hours, so that deadlines are met and missed.
pub(super) fn time() -> BoxedStrategy<Timestamp> {
    (0..40_000_000_i64).prop_map(Timestamp::from_millis).boxed()
}

/// Any time at all, mostly one of those.
pub(super) fn any_time() -> BoxedStrategy<Timestamp> {
    prop_oneof![
        8 => time(),
        1 => any::<i64>().prop_map(Timestamp::from_millis),
        1 => select(&[i64::MIN, 0, i64::MAX][..]).prop_map(Timestamp::from_millis),
    ]
    .boxed()
}

/// Few, so that they meet.
fn boot() -> impl Strategy<Value = Boot> {
    (1..=6_u32).prop_map(Boot)
}

fn message() -> impl Strategy<Value = String> {
    select(&["", "one thing", "another"][..]).prop_map(str::to_owned)
}

fn reason() -> impl Strategy<Value = Reason> {
    let codes = [
        ReasonCode::Completed,
        ReasonCode::Error,
        ReasonCode::Evicted,
        ReasonCode::Unschedulable,
        ReasonCode::NotReady,
        ReasonCode::DiskLost,
    ];
    (select(codes.to_vec()), message()).prop_map(|(code, message)| Reason { code, message })
}

fn endpoints() -> impl Strategy<Value = Endpoints> {
    (20_000..20_003_u16).prop_map(|port| {
        [(Service::Agent, ([127, 0, 0, 1], port).into())]
            .into_iter()
            .collect()
    })
}

fn intent(times: BoxedStrategy<Timestamp>) -> impl Strategy<Value = Intent> {
    let actors = vec![Actor::Client, Actor::Policy("idle".to_owned())];
    (select(&Desired::ALL[..]), 1..4_u64, select(actors), times).prop_map(
        |(desired, generation, by, at)| Intent {
            desired,
            generation: Generation(generation),
            by,
            at,
        },
    )
}

fn restart(times: BoxedStrategy<Timestamp>) -> impl Strategy<Value = Restart> {
    (boot(), times, reason()).prop_map(|(boot, at, reason)| Restart { boot, at, reason })
}

fn failure(times: BoxedStrategy<Timestamp>) -> impl Strategy<Value = Failure> {
    (1..4_u64, times, reason()).prop_map(|(generation, at, reason)| Failure {
        generation: Generation(generation),
        at,
        reason,
    })
}

fn exit(times: BoxedStrategy<Timestamp>) -> impl Strategy<Value = Exit> {
    (boot(), times, reason(), of(any::<i32>())).prop_map(|(boot, at, reason, code)| Exit {
        boot,
        at,
        reason,
        code,
        log_tail: String::new(),
    })
}

fn state(time: fn() -> BoxedStrategy<Timestamp>) -> impl Strategy<Value = State> {
    let boots = (boot(), boot(), of(boot()), of(boot()));
    let moments = (
        time(),
        time(),
        of(time()),
        of(time()),
        of(time()),
        of(time()),
    );
    let history = (
        vec(restart(time()), 0..12),
        of(exit(time())),
        of(failure(time())),
    );
    let told = (of(endpoints()), of(message()), any::<bool>(), any::<bool>());
    let whole = (
        intent(time()),
        select(&Phase::ALL[..]),
        boots,
        moments,
        history,
        told,
    );
    whole.prop_map(|(intent, phase, boots, moments, history, told)| {
        let (boot, intent_boot, bound_boot, ready_boot) = boots;
        let (phase_since, boot_since, up_since, detail_at, not_before, refused_since) = moments;
        let (restarts, last_exit, failure) = history;
        let (endpoints, detail, disk_seen, ran) = told;
        State {
            intent,
            phase,
            phase_since,
            boot,
            boot_since,
            intent_boot,
            bound_boot,
            ready_boot,
            up_since,
            endpoints,
            ports: [].into(),
            detail,
            detail_at,
            restarts,
            not_before,
            refused_since,
            last_exit,
            failure,
            disk_seen,
            ran,
        }
    })
}

/// Any record at all.
pub(super) fn record(time: fn() -> BoxedStrategy<Timestamp>) -> impl Strategy<Value = Record> {
    state(time).prop_map(|state| Record {
        state,
        ..builders::record()
    })
}

/// Any record that knows nothing of boots to come.
pub(super) fn record_of_the_past() -> impl Strategy<Value = Record> {
    record(time).prop_map(|mut record| {
        let state = &mut record.state;
        let newest = state.boot;
        let past = |boot: &Boot| *boot <= newest;
        state.bound_boot = state.bound_boot.filter(past);
        state.ready_boot = state.ready_boot.filter(past);
        record
    })
}

fn boot_state() -> impl Strategy<Value = BootState> {
    let exited = (reason(), of(any::<i32>()), message());
    prop_oneof![
        message().prop_map(|detail| BootState::Booting { detail }),
        endpoints().prop_map(|endpoints| BootState::Up { endpoints }),
        Just(BootState::Frozen),
        reason().prop_map(|reason| BootState::Leaving { reason }),
        exited.prop_map(|(reason, code, log_tail)| BootState::Exited {
            reason,
            code,
            log_tail
        }),
    ]
}

fn disk() -> impl Strategy<Value = DiskState> {
    select(&[DiskState::Unknown, DiskState::Absent, DiskState::Present][..])
}

fn agent() -> impl Strategy<Value = AgentState> {
    select(vec![
        AgentState::Unknown,
        AgentState::Silent,
        AgentState::Dormant,
        AgentState::Ready { idle: None },
    ])
}

/// Anything seen, fresh or not.
pub(super) fn observation() -> impl Strategy<Value = Observation> {
    let boots = btree_map(boot(), boot_state(), 0..=3);
    let fresh = prop::bool::weighted(0.9);
    (boots, disk(), agent(), of(message()), fresh).prop_map(
        |(boots, disk, agent, obstacle, fresh)| Observation {
            boots,
            disk,
            agent,
            obstacle,
            fresh,
        },
    )
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        3 => boot().prop_map(Effect::Launch),
        1 => boot().prop_map(Effect::Bind),
        2 => boot().prop_map(Effect::Release),
        1 => boot().prop_map(Effect::Freeze),
        1 => boot().prop_map(Effect::Thaw),
        1 => Just(Effect::Erase),
    ]
}

/// Any outcome of any effect.
pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    let kind = prop_oneof![
        Just(OutcomeKind::Done),
        message().prop_map(OutcomeKind::Retry),
        message().prop_map(OutcomeKind::Refused),
    ];
    (effect(), kind, time()).prop_map(|(effect, kind, not_before)| Outcome {
        effect,
        kind,
        not_before,
    })
}

/// Any figures, zero too.
pub(super) fn policy() -> impl Strategy<Value = Policy> {
    let pause = select(&[PauseMode::Release, PauseMode::Freeze][..]);
    let seconds = || (0..600_u64).prop_map(Duration::from_secs);
    (pause, 0..12_u32, 0..12_u32, seconds(), seconds()).prop_map(
        |(pause, max_boots, max_restarts, ready_deadline, restart_window)| Policy {
            pause,
            max_boots,
            max_restarts,
            ready_deadline,
            restart_window,
            ..Policy::default()
        },
    )
}

/// A world in which anything is there, and in which boots and calls go wrong for a while.
pub(super) fn world() -> impl Strategy<Value = World> {
    let boots = btree_map(boot(), (boot_state(), agent()), 0..=3);
    let fates = vec(select(&Fate::ALL[..]), 0..8);
    (boots, disk(), fates, faults(), any::<[bool; 3]>()).prop_map(
        |(boots, disk, fates, faults, traits)| World::new(boots, disk, fates, faults, traits),
    )
}

/// A world with nothing in it, whose boots all get ready, and in which calls go wrong for a while.
pub(super) fn healthy_world() -> impl Strategy<Value = World> {
    (disk(), faults(), any::<[bool; 3]>())
        .prop_map(|(disk, faults, traits)| World::new([].into(), disk, Vec::new(), faults, traits))
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    vec(select(&Fault::ALL[..]), 0..8)
}

/// Some steps, then a command.
pub(super) fn commands() -> impl Strategy<Value = Vec<(usize, Verb)>> {
    vec((0..6_usize, select(&Verb::ALL[..])), 0..6)
}
