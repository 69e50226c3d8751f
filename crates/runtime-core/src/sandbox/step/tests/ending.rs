//! Pausing, freezing, stopping: compute goes before the disk does, and nothing is left behind.

use super::*;

/// Steps with each effect done until nothing is to be done, and says which effects there were.
fn effects_until_rest(sandbox: &mut Given) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..20 {
        let decision = sandbox.step();
        let Some(effect) = decision.effect else {
            if decision.next.is_none() {
                return effects;
            }
            continue;
        };
        match effect {
            Effect::Release(boot) => drop(sandbox.seen.boots.remove(&boot)),
            Effect::Erase => sandbox.seen.disk = DiskState::Absent,
            _ => {}
        }
        effects.push(effect);
        *sandbox = sandbox.clone().done(effect);
    }
    panic!("not at rest: {effects:?}");
}

#[test]
fn a_stop_ends_stopped_from_every_phase() {
    for phase in Phase::ALL {
        let mut sandbox = to_stop(phase)
            .sees(1, up())
            .sees(2, exited(0))
            .sees(3, BootState::Frozen)
            .disk(DiskState::Present);
        let effects = effects_until_rest(&mut sandbox);
        assert_eq!(sandbox.state().phase, Phase::Stopped, "from {phase:?}");
        assert!(sandbox.state().endpoints.is_none() || phase == Phase::Stopped);
        let expected = [release(1), release(2), release(3), Effect::Erase];
        assert_eq!(effects, expected, "from {phase:?}");
    }
}

#[test]
fn a_pause_ends_paused_from_every_phase_that_it_is_accepted_in() {
    for phase in [
        Phase::Starting,
        Phase::Running,
        Phase::Pausing,
        Phase::Paused,
    ] {
        let mut sandbox = to_pause(phase).sees(1, up()).disk(DiskState::Present);
        assert_eq!(effects_until_rest(&mut sandbox), [release(1)]);
        assert_eq!(sandbox.state().phase, Phase::Paused);
        assert_eq!(sandbox.seen.disk, DiskState::Present);
    }
}

#[test]
fn a_boot_that_leaves_slowly_does_not_keep_another_one_running() {
    let both = |sandbox: Given| sandbox.sees(1, leaving()).sees(2, up());
    for mut sandbox in [
        both(to_pause(Phase::Running).boot(2)),
        both(to_stop(Phase::Running).boot(2)),
        both(to_run(Phase::Failed).boot(2)),
        both(to_run(Phase::Running).boot(2)).disk_lost(),
        both(to_run(Phase::Paused).boot(2)),
    ] {
        assert_eq!(sandbox.effect(), Some(release(2)));
    }
}

#[test]
fn a_launch_that_was_not_seen_yet_is_released_before_a_pause_or_a_stop_goes_on() {
    for kind in [OutcomeKind::Done, retry("the answer was lost")] {
        let mut pausing = to_pause(Phase::Starting).last(launch(1), kind.clone());
        assert_eq!(pausing.effect(), Some(release(1)));
        assert_eq!(pausing.state().phase, Phase::Pausing);
        let mut unsure = pausing.clone().last(release(1), retry("busy"));
        assert_eq!(unsure.step().look_again, Some(at(NOW + 10)));
        assert_eq!(unsure.state().phase, Phase::Pausing);
        assert_eq!(unsure.at(NOW + 10).effect(), Some(release(1)));
        let mut sure = pausing.done(release(1));
        assert_eq!(sure.effect(), None);
        assert_eq!(sure.state().phase, Phase::Paused);

        let mut stopping = to_stop(Phase::Starting).last(launch(1), kind);
        assert_eq!(stopping.effect(), Some(release(1)));
        let mut unsure = stopping.clone().last(release(1), retry("busy"));
        assert_eq!(unsure.step().look_again, Some(at(NOW + 10)));
        let mut sure = stopping.done(release(1));
        assert_eq!(sure.effect(), Some(Effect::Erase));
    }
}

#[test]
fn an_erase_is_repeated_until_the_disk_is_gone() {
    let mut sandbox = to_stop(Phase::Stopping)
        .disk(DiskState::Present)
        .done(Effect::Erase);
    assert_eq!(sandbox.step().look_again, Some(at(NOW + 10)));
    assert_eq!(sandbox.clone().at(NOW + 10).effect(), Some(Effect::Erase));

    let mut failing = sandbox
        .clone()
        .disk(DiskState::Absent)
        .last(Effect::Erase, retry("the secret is locked"));
    assert_eq!(failing.step().look_again, Some(at(NOW + 10)));
    assert_eq!(
        failing.state().phase,
        Phase::Stopping,
        "more than the disk is erased"
    );

    let mut gone = sandbox.disk(DiskState::Absent);
    let decision = gone.step();
    assert_eq!((decision.effect, decision.look_again), (None, None));
    assert_eq!(gone.state().phase, Phase::Stopped);
}

#[test]
fn a_zombie_is_released_and_the_record_stays_stopped() {
    for zombie in [booting("pulling"), up(), BootState::Frozen, exited(0)] {
        let mut sandbox = to_stop(Phase::Stopped).sees(1, zombie);
        let decision = sandbox.step();
        assert_eq!(decision.effect, Some(release(1)));
        assert!(decision.next.is_none());
    }
    let mut leaves = to_stop(Phase::Stopped).sees(1, leaving());
    let decision = leaves.step();
    assert_eq!(
        (decision.effect, decision.look_again),
        (None, Some(at(NOW + 10)))
    );
    assert!(decision.next.is_none());
}

#[test]
fn a_release_that_shows_nothing_is_repeated_after_patience() {
    for sandbox in [
        to_pause(Phase::Pausing),
        to_stop(Phase::Stopping),
        to_run(Phase::Failed),
    ] {
        let mut sandbox = sandbox.sees(1, up()).done(release(1));
        let decision = sandbox.step();
        assert_eq!(
            (decision.effect, decision.look_again),
            (None, Some(at(NOW + 10)))
        );
        assert_eq!(sandbox.at(NOW + 10).effect(), Some(release(1)));
    }
}

#[test]
fn a_frozen_sandbox_goes_on_where_it_was() {
    let mut sandbox = to_pause(Phase::Running).freezing().sees(1, up());
    assert_eq!(sandbox.effect(), Some(freeze(1)));
    let mut sandbox = sandbox.done(freeze(1)).sees(1, BootState::Frozen);
    assert_eq!(sandbox.effect(), None);
    assert_eq!(sandbox.state().phase, Phase::Paused);

    let mut sandbox = sandbox.with(|state| state.intent.desired = Desired::Running);
    assert_eq!(sandbox.effect(), Some(thaw(1)));
    assert_eq!(sandbox.state().phase, Phase::Starting);
    let mut sandbox = sandbox.done(thaw(1));
    assert_eq!(sandbox.step().look_again, Some(at(NOW + 10)));
    let mut sandbox = sandbox.sees(1, up()).agent(READY);
    sandbox.step();
    assert_eq!(
        (sandbox.state().phase, sandbox.state().boot),
        (Phase::Running, Boot(1))
    );
}

#[test]
fn a_frozen_boot_that_vanished_is_simply_paused() {
    let mut sandbox = to_pause(Phase::Paused).freezing();
    let decision = sandbox.step();
    assert!(decision.next.is_none() && decision.effect.is_none());
    let mut resumed = sandbox.with(|state| state.intent.desired = Desired::Running);
    assert_eq!(resumed.effect(), Some(launch(2)));
}

#[test]
fn a_pause_forgets_the_failure_before_it() {
    let mut sandbox = to_pause(Phase::Failed).newer_intent();
    sandbox.step();
    assert_eq!(sandbox.state().phase, Phase::Paused);
    assert!(sandbox.state().failure.is_none());
}

#[test]
fn nothing_at_all_is_decided_on_what_is_not_fresh() {
    for desired in Desired::ALL {
        for phase in Phase::ALL {
            let mut sandbox = given(desired, phase)
                .sees(1, exited(1))
                .at(99_999)
                .disk_lost()
                .not_fresh();
            let decision = sandbox.step();
            assert!(decision.next.is_none() && decision.events.is_empty());
            assert_eq!((decision.effect, decision.look_again), (None, None));
        }
    }
}
