//! From the first sighting of a boot to its agent's answer: progress, deadlines, initialisation.

use super::*;

#[test]
fn the_schedule_deadline_has_an_exact_edge() {
    let mut sandbox = to_run(Phase::Starting).sees(1, booting("unschedulable: cpu"));
    assert_eq!(sandbox.step().look_again, Some(at(3600)));
    let mut early = sandbox.clone().at(3599);
    early.step();
    assert_eq!(early.state().boot, Boot(1));

    let mut late = sandbox.at(3600);
    assert_eq!(late.effect(), Some(release(1)));
    assert_eq!(late.state().boot, Boot(2));
    let lost = &late.state().restarts[0];
    assert_eq!(
        (lost.boot, lost.at, &lost.reason),
        (
            Boot(1),
            at(3600),
            &Reason::new(ReasonCode::Unschedulable, "unschedulable: cpu")
        )
    );
    assert!(late.state().last_exit.is_none(), "it did not end by itself");
}

#[test]
fn the_ready_deadline_counts_from_the_first_sight_and_has_an_exact_edge() {
    let mut sandbox = to_run(Phase::Starting)
        .sees(1, up())
        .agent(AgentState::Silent);
    assert_eq!(sandbox.step().look_again, Some(at(NOW + 300)));
    assert_eq!(sandbox.state().up_since, Some(at(NOW)));

    let mut early = sandbox.clone().at(NOW + 299);
    assert_eq!(early.step().look_again, Some(at(NOW + 300)));
    assert_eq!(early.state().boot, Boot(1));

    let mut late = sandbox.at(NOW + 300);
    assert_eq!(late.effect(), Some(release(1)));
    assert_eq!(late.state().restarts[0].reason.code, ReasonCode::NotReady);
}

#[test]
fn an_agent_that_answers_at_the_last_moment_is_ready() {
    let mut sandbox = to_run(Phase::Starting)
        .with(|state| state.up_since = Some(at(0)))
        .sees(1, up())
        .agent(READY)
        .at(5000);
    sandbox.step();
    assert_eq!(sandbox.state().phase, Phase::Running);
}

#[test]
fn boots_that_were_never_ready_end_in_failure_with_the_last_reason() {
    let mut sandbox = to_run(Phase::Starting);
    for boot in 1..=5 {
        let since = i64::from(boot) * 1000;
        sandbox = sandbox
            .at(since)
            .sees_nothing()
            .sees(boot, up())
            .agent(AgentState::Silent);
        sandbox.step();
        assert_eq!(sandbox.state().phase, Phase::Starting);
        sandbox = sandbox.at(since + 300);
        assert_eq!(sandbox.effect(), Some(release(boot)));
    }
    assert_eq!(sandbox.state().phase, Phase::Failed);
    assert_eq!(
        sandbox.failure(),
        Some(&Reason::new(
            ReasonCode::NotReady,
            "the agent did not answer in time"
        ))
    );
    assert_eq!(sandbox.state().restart_count(), 4);
}

#[test]
fn progress_is_written_at_most_once_an_interval() {
    let mut sandbox = to_run(Phase::Starting).sees(1, booting("pulling 10 %"));
    sandbox.step();
    assert_eq!(sandbox.state().detail.as_deref(), Some("pulling 10 %"));

    let mut sandbox = sandbox.sees(1, booting("pulling 20 %")).at(NOW + 4);
    let decision = sandbox.step();
    assert!(decision.next.is_none());
    assert_eq!(
        decision.look_again,
        Some(at(NOW + 5)),
        "when it may be written"
    );

    let mut sandbox = sandbox.at(NOW + 5);
    let decision = sandbox.step();
    assert_eq!(sandbox.state().detail.as_deref(), Some("pulling 20 %"));
    assert_eq!(
        decision.look_again,
        Some(at(3600)),
        "then only the deadline is left"
    );
    assert!(
        decision.events.is_empty(),
        "progress is no entry of the timeline"
    );
}

#[test]
fn progress_that_must_wait_does_not_hide_the_deadline() {
    let mut booting_late = to_run(Phase::Starting)
        .sees(1, booting("pulling 98 %"))
        .at(3598);
    booting_late.step();
    let mut booting_late = booting_late.sees(1, booting("pulling 99 %")).at(3599);
    assert_eq!(booting_late.step().look_again, Some(at(3600)));
}

#[test]
fn a_running_sandbox_whose_address_is_taken_is_starting_until_it_is_free_and_keeps_its_boot() {
    let mut sandbox = to_run(Phase::Running)
        .with(|state| {
            state.up_since = Some(at(0));
            state.ready_boot = Some(Boot(1));
        })
        .sees(1, up())
        .agent(READY)
        .at(100);
    sandbox.seen.obstacle = Some("gateway port 20000 is in use by another program".to_owned());
    sandbox.step();
    assert_eq!(sandbox.state().phase, Phase::Starting);
    assert_eq!(
        sandbox.state().detail.as_deref(),
        Some("gateway port 20000 is in use by another program")
    );
    // However long that takes: another boot would not help.
    let mut sandbox = sandbox.agent(AgentState::Silent).at(100_000);
    let decision = sandbox.step();
    assert!(decision.next.is_none() && decision.effect.is_none());
    // The agent's time begins when the address is free.
    sandbox.seen.obstacle = None;
    let decision = sandbox.step();
    assert_eq!(decision.effect, None);
    assert_eq!(sandbox.state().detail, None);
    assert_eq!(decision.look_again, Some(at(100_300)));
    let mut sandbox = sandbox.agent(READY);
    sandbox.step();
    assert_eq!(
        (sandbox.state().phase, sandbox.state().boot),
        (Phase::Running, Boot(1))
    );
}

#[test]
fn an_obstacle_is_told_and_taken_back() {
    let mut sandbox = to_run(Phase::Starting)
        .sees(1, up())
        .agent(AgentState::Silent);
    sandbox.seen.obstacle = Some("the port is not published".to_owned());
    sandbox.step();
    assert_eq!(
        sandbox.state().detail.as_deref(),
        Some("the port is not published")
    );
    sandbox.seen.obstacle = None;
    let mut sandbox = sandbox.at(NOW + 5);
    sandbox.step();
    assert_eq!(sandbox.state().detail, None);
}

#[test]
fn a_dormant_agent_is_initialised_once_per_boot() {
    let mut sandbox = to_run(Phase::Starting)
        .sees(1, up())
        .agent(AgentState::Dormant);
    assert_eq!(sandbox.effect(), Some(bind(1)));

    let mut again = sandbox.clone().last(bind(1), retry("it did not answer"));
    assert_eq!(again.effect(), None);
    assert_eq!(
        again.at(NOW + 10).effect(),
        Some(bind(1)),
        "until it was done"
    );

    let mut sandbox = sandbox.done(bind(1));
    let decision = sandbox.step();
    assert_eq!(sandbox.state().bound_boot, Some(Boot(1)));
    assert_eq!(
        (decision.effect, decision.look_again),
        (None, Some(at(NOW + 10)))
    );
    assert_eq!(
        sandbox.at(NOW + 100).effect(),
        None,
        "although it looks dormant still"
    );

    let mut next_boot = to_run(Phase::Starting)
        .boot(2)
        .with(|state| state.bound_boot = Some(Boot(1)))
        .sees(2, up())
        .agent(AgentState::Dormant);
    assert_eq!(next_boot.effect(), Some(bind(2)));
}

#[test]
fn a_ready_boot_is_written_with_its_addresses_and_its_disk() {
    let mut sandbox = to_run(Phase::Starting)
        .boot(3)
        .with(|state| state.detail = Some("pulling 90 %".to_owned()))
        .sees(3, up())
        .agent(READY)
        .disk(DiskState::Present);
    let decision = sandbox.step();
    let state = sandbox.state();
    assert_eq!((state.phase, state.phase_since), (Phase::Running, at(NOW)));
    assert_eq!(state.endpoints, Some(endpoints(20_000)));
    assert_eq!(state.ready_boot, Some(Boot(3)));
    assert_eq!(state.detail, None);
    assert!(state.ran && state.disk_seen);
    assert_eq!(
        (decision.effect, decision.look_again),
        (None, None),
        "nothing is awaited"
    );
    assert_eq!(decision.events.len(), 1);
    assert_eq!(decision.events[0].message, "starting → running");
    assert!(sandbox.step().next.is_none(), "it is at rest");
}

#[test]
fn a_boot_that_moves_to_another_address_is_followed() {
    let moved = BootState::Up {
        endpoints: endpoints(20_001),
    };
    let mut sandbox = to_run(Phase::Running).sees(1, moved).agent(READY);
    sandbox.step();
    assert_eq!(sandbox.state().endpoints, Some(endpoints(20_001)));
    assert_eq!(sandbox.state().phase, Phase::Running);
}

#[test]
fn news_of_an_old_boot_never_counts_for_the_new_one() {
    let starting = || to_run(Phase::Starting).boot(2);
    for (old, effect) in [
        (booting("pulling"), Some(release(1))),
        (up(), Some(release(1))),
        (BootState::Frozen, Some(release(1))),
        (exited(1), Some(release(1))),
        (leaving(), None),
    ] {
        let mut sandbox = starting().sees(1, old).agent(READY);
        let decision = sandbox.step();
        assert!(decision.next.is_none(), "boot 2 is neither ready nor lost");
        assert_eq!(decision.effect, effect);
    }
}
