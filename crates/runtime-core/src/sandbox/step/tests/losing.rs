//! A boot that is lost: the sandbox heals on its disk, or has failed.

use super::*;

#[test]
fn the_addresses_are_forgotten_when_the_boot_leaves() {
    let observed = [
        None,
        Some(leaving()),
        Some(exited(1)),
        Some(BootState::Frozen),
    ];
    for seen in observed {
        let mut sandbox = to_run(Phase::Running);
        if let Some(seen) = seen {
            sandbox = sandbox.sees(1, seen);
        }
        sandbox.step();
        assert_eq!(sandbox.state().endpoints, None);
        assert_eq!(sandbox.state().up_since, None);
    }
    for going in [to_pause(Phase::Running), to_stop(Phase::Running)] {
        for mut going in [going.clone().sees(1, up()), going.done(launch(1))] {
            assert_eq!(going.effect(), Some(release(1)));
            assert_eq!(going.state().endpoints, None, "before it is released");
        }
    }
    let mut stopping = to_stop(Phase::Running);
    assert_eq!(stopping.effect(), Some(Effect::Erase));
    assert_eq!(stopping.state().endpoints, None, "before it is erased");
}

#[test]
fn a_program_that_ended_leaves_its_code_and_its_last_words() {
    let mut sandbox = to_run(Phase::Running).sees(1, exited(137));
    let decision = sandbox.step();
    let exit = sandbox.state().last_exit.clone().unwrap();
    assert_eq!(
        (exit.boot, exit.at, exit.code),
        (Boot(1), at(NOW), Some(137))
    );
    assert_eq!(exit.reason.code, ReasonCode::Error);
    assert_eq!(exit.log_tail, "Traceback: no module named agent");
    let kinds: Vec<EventKind> = decision.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Restarted, EventKind::Moved]);
    assert_eq!(
        decision.events[0].message,
        "boot 1 was lost: Error: the program ended"
    );
}

#[test]
fn a_crash_loop_ends_in_failure() {
    let mut sandbox = to_run(Phase::Starting);
    for boot in 1..=6 {
        assert_eq!(sandbox.state().phase, Phase::Starting);
        sandbox = sandbox.sees_nothing().sees(boot, up()).agent(READY);
        sandbox.step();
        assert_eq!(sandbox.state().phase, Phase::Running);
        sandbox = sandbox.sees(boot, exited(3));
        assert_eq!(sandbox.effect(), Some(release(boot)));
    }
    let state = sandbox.state();
    assert_eq!(state.phase, Phase::Failed);
    assert_eq!((state.restart_count(), state.restarts.len()), (5, 6));
    let failure = sandbox.failure().unwrap();
    assert_eq!(failure.code, ReasonCode::CrashLoopBackOff);
    assert_eq!(
        failure.message,
        "it was lost 6 times, at last: the program ended (exit code 3)"
    );
    assert_eq!(state.detail.as_ref(), Some(&failure.message));
    let exit = state.last_exit.as_ref().unwrap();
    assert_eq!((exit.boot, exit.code), (Boot(6), Some(3)));
    assert_eq!(exit.log_tail, "Traceback: no module named agent");
}

#[test]
fn a_program_that_crashes_before_it_is_ready_is_a_crash_loop_too() {
    let mut sandbox = to_run(Phase::Starting).boot_in_a_row(5).sees(5, exited(2));
    assert_eq!(sandbox.effect(), Some(release(5)));
    assert_eq!(
        sandbox.failure().map(|reason| reason.code),
        Some(ReasonCode::CrashLoopBackOff)
    );
}

#[test]
fn losses_spread_over_time_are_healed_for_ever() {
    let mut sandbox = to_run(Phase::Starting);
    for boot in 1..=40 {
        sandbox = sandbox
            .at(i64::from(boot) * 150)
            .sees_nothing()
            .sees(boot, up())
            .agent(READY);
        sandbox.step();
        sandbox = sandbox.sees(boot, leaving());
        sandbox.step();
        assert_eq!(sandbox.state().phase, Phase::Starting);
    }
    assert_eq!(sandbox.state().restart_count(), 40);
    assert_eq!(
        sandbox.state().restarts.len(),
        10,
        "the oldest are forgotten"
    );
}

#[test]
fn a_policy_that_allows_many_restarts_still_ends_a_crash_loop() {
    let mut sandbox = to_run(Phase::Starting);
    sandbox.policy.max_restarts = 20;
    for boot in 1..=21 {
        assert_eq!(sandbox.state().phase, Phase::Starting, "boot {boot}");
        sandbox = sandbox.sees_nothing().sees(boot, up()).agent(READY);
        sandbox.step();
        sandbox = sandbox.sees(boot, exited(1));
        sandbox.step();
    }
    assert_eq!(sandbox.state().phase, Phase::Failed);
}

#[test]
fn restarts_are_counted_from_the_last_intent() {
    let mut sandbox = to_run(Phase::Running).boot(3);
    assert_eq!(sandbox.state().restart_count(), 0);
    sandbox.step();
    assert_eq!(sandbox.state().restart_count(), 1);
    sandbox = sandbox.sees(4, exited(1));
    sandbox.step();
    assert_eq!(sandbox.state().restart_count(), 2);

    let paused_and_resumed = |sandbox: Given| {
        sandbox.with(|state| {
            state.phase = Phase::Paused;
            state.up_since = None;
        })
    };
    let mut launched = paused_and_resumed(sandbox.clone().sees_nothing());
    assert_eq!(launched.effect(), Some(launch(6)));
    assert_eq!(launched.state().restart_count(), 0);
    let mut thawed = paused_and_resumed(sandbox.sees_nothing().sees(5, BootState::Frozen));
    assert_eq!(thawed.effect(), Some(thaw(5)));
    assert_eq!(thawed.state().restart_count(), 0);
}

#[test]
fn a_boot_that_was_up_is_never_launched_again_under_its_number() {
    let mut was_up = to_run(Phase::Starting).with(|state| state.up_since = Some(at(30)));
    was_up.step();
    assert_eq!(was_up.state().boot, Boot(2));

    let was_ready = to_run(Phase::Paused).with(|state| state.ready_boot = Some(Boot(1)));
    let was_bound = to_run(Phase::Paused).with(|state| state.bound_boot = Some(Boot(1)));
    for frozen in [was_ready, was_bound] {
        let mut thawing = frozen.sees(1, BootState::Frozen);
        assert_eq!(thawing.effect(), Some(thaw(1)));
        let mut vanished = thawing.sees_nothing().done(thaw(1));
        vanished.step();
        assert_eq!(vanished.state().boot, Boot(2));
        let lost = &vanished.state().restarts[0];
        assert_eq!(lost.reason.code, ReasonCode::Vanished);
    }
}

#[test]
fn a_lost_disk_is_a_failure_whatever_else_is_seen() {
    let mut sandbox = to_run(Phase::Running)
        .sees(1, up())
        .agent(READY)
        .disk_lost();
    assert_eq!(sandbox.effect(), Some(release(1)));
    assert_eq!(sandbox.state().phase, Phase::Failed);
    assert_eq!(sandbox.state().endpoints, None);
    let mut resumed = sandbox.newer_intent().sees_nothing();
    assert_eq!(resumed.effect(), None, "a resume does not bring it back");
    assert_eq!(
        resumed.failure().map(|reason| reason.code),
        Some(ReasonCode::DiskLost)
    );
}

#[test]
fn a_disk_that_is_not_told_of_or_was_never_seen_is_not_lost() {
    let mut not_told = to_run(Phase::Running)
        .with(|state| state.disk_seen = true)
        .sees(1, up());
    not_told.step();
    assert_eq!(not_told.state().phase, Phase::Running);
    let mut never_seen = to_run(Phase::Starting).disk(DiskState::Absent);
    assert_eq!(never_seen.effect(), Some(launch(1)));
}
