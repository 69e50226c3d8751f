//! Until a boot is seen: launches that are accepted, put off or refused, and restarts that wait.

use super::*;

#[test]
fn an_accepted_launch_is_repeated_only_after_patience() {
    let mut sandbox = to_run(Phase::Starting).done(launch(1));
    let decision = sandbox.step();
    assert!(decision.next.is_none());
    assert_eq!(
        (decision.effect, decision.look_again),
        (None, Some(at(NOW + 10)))
    );
    assert_eq!(sandbox.clone().at(NOW + 9).effect(), None);
    assert_eq!(sandbox.at(NOW + 10).effect(), Some(launch(1)));
}

#[test]
fn the_first_restart_comes_at_once_and_the_next_ones_wait_longer_each() {
    for (lost_before, wait) in [(0, 0), (1, 1), (2, 2), (3, 4), (4, 8)] {
        let mut sandbox = to_run(Phase::Running).lost_before(lost_before);
        let decision = sandbox.step();
        assert_eq!(decision.look_again, Some(at(NOW + wait)));
        assert_eq!(sandbox.state().not_before, Some(at(NOW + wait)));
        if wait > 0 {
            let mut early = sandbox.clone().at(NOW + wait - 1);
            let decision = early.step();
            assert_eq!(decision.effect, None);
            assert_eq!(decision.look_again, Some(at(NOW + wait)));
        }
        assert_eq!(sandbox.at(NOW + wait).effect(), Some(launch(2)));
    }
}

#[test]
fn boots_lost_long_ago_do_not_make_a_restart_wait() {
    let mut sandbox = to_run(Phase::Running).lost_before(5).at(NOW - 1 + 600);
    sandbox.step();
    assert_eq!(sandbox.state().phase, Phase::Starting);
    assert_eq!(sandbox.state().not_before, Some(at(NOW - 1 + 600)));
}

#[test]
fn what_a_launch_waits_for_becomes_the_detail() {
    let mut sandbox = to_run(Phase::Starting).last(launch(1), retry("the quota is used up"));
    let decision = sandbox.step();
    assert_eq!(
        sandbox.state().detail.as_deref(),
        Some("the quota is used up")
    );
    assert_eq!(
        (decision.effect, decision.look_again),
        (None, Some(at(NOW + 10)))
    );
    assert!(
        sandbox.step().next.is_none(),
        "the same message is written once"
    );
    assert_eq!(sandbox.at(NOW + 10).effect(), Some(launch(1)));
}

#[test]
fn a_launch_that_does_not_work_now_is_tried_without_end_and_the_owner_is_told_why() {
    let mut late = to_run(Phase::Starting)
        .at(100_000)
        .last(launch(1), retry("no room in the cluster"));
    late.step();
    assert_eq!(late.state().phase, Phase::Starting);
    assert_eq!(
        late.state().detail.as_deref(),
        Some("no room in the cluster")
    );
}

#[test]
fn a_refused_launch_is_tried_again_until_the_grace_is_over() {
    let mut sandbox = to_run(Phase::Starting).last(launch(1), refused("no such image: tiyn"));
    sandbox.step();
    assert_eq!(sandbox.state().refused_since, Some(at(NOW)));
    assert_eq!(
        sandbox.state().detail.as_deref(),
        Some("no such image: tiyn")
    );

    sandbox.last.as_mut().unwrap().not_before = at(NOW + 5);
    let mut within = sandbox.clone().at(NOW + 9);
    assert_eq!(within.effect(), Some(launch(1)));
    assert_eq!(within.state().phase, Phase::Starting);

    let mut past = sandbox.at(NOW + 10);
    assert_eq!(past.effect(), None);
    assert_eq!(past.state().phase, Phase::Failed);
    assert_eq!(
        past.failure(),
        Some(&Reason::new(
            ReasonCode::LaunchRefused,
            "no such image: tiyn"
        ))
    );
    assert_eq!(past.state().detail.as_deref(), Some("no such image: tiyn"));
}

#[test]
fn a_launch_that_took_hold_ends_the_grace_of_an_earlier_refusal() {
    let mut sandbox = to_run(Phase::Starting).last(launch(1), refused("the registry hiccups"));
    sandbox.step();
    let mut sandbox = sandbox
        .at(NOW + 5)
        .done(launch(1))
        .sees(1, booting("pulling"));
    sandbox.step();
    let mut sandbox = sandbox
        .at(NOW + 100)
        .sees_nothing()
        .last(launch(1), refused("the registry hiccups"));
    sandbox.step();
    assert_eq!(
        sandbox.state().phase,
        Phase::Starting,
        "a second hiccup has its own grace"
    );
}

#[test]
fn the_outcome_of_an_older_launch_says_nothing_of_this_one() {
    for kind in [OutcomeKind::Done, retry("later"), refused("no such image")] {
        let mut sandbox = to_run(Phase::Starting).boot(2).last(launch(1), kind);
        assert_eq!(sandbox.effect(), Some(launch(2)));
        assert_eq!(sandbox.state().phase, Phase::Starting);
    }
}

#[test]
fn a_resume_of_a_launch_that_was_not_seen_releases_it_first() {
    for phase in [Phase::Pausing, Phase::Paused] {
        let mut sandbox = to_run(phase).done(launch(1));
        assert_eq!(sandbox.effect(), Some(release(1)));
        let mut sandbox = sandbox.done(release(1));
        assert_eq!(sandbox.effect(), Some(launch(2)));
    }
}

#[test]
fn an_unseen_launch_is_gone_only_when_its_release_was_accepted() {
    let mut sandbox = to_run(Phase::Pausing).last(release(1), retry("the backend is busy"));
    let decision = sandbox.step();
    assert_eq!(
        (decision.effect, decision.look_again),
        (None, Some(at(NOW + 10)))
    );
    assert_eq!(sandbox.at(NOW + 10).effect(), Some(release(1)));
}

#[test]
fn a_resume_after_a_failure_begins_anew() {
    let mut sandbox = to_run(Phase::Failed)
        .boot_in_a_row(5)
        .lost_before(5)
        .newer_intent();
    assert_eq!(sandbox.effect(), Some(launch(6)));
    let state = sandbox.state();
    assert_eq!((state.boot, state.intent_boot), (Boot(6), Boot(6)));
    assert_eq!((state.restart_count(), state.boots_never_ready()), (0, 1));
    assert!(state.failure.is_none() && state.restarts.is_empty() && state.detail.is_none());
    assert_eq!(
        state.boot_since,
        at(NOW),
        "deadlines count from the new boot"
    );
}
