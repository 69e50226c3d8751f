//! The table of design §4, one to one.

use super::*;
use Phase::{Failed, Paused, Pausing, Running, Starting, Stopped, Stopping};

/// What must come of a row.
#[derive(Debug, Default, PartialEq, Eq)]
struct Then {
    phase: Option<Phase>,
    boot: u32,
    /// Boots lost by this decision.
    lost: usize,
    failure: Option<ReasonCode>,
    effect: Option<Effect>,
    look_again: Option<Timestamp>,
}

/// The record stays at boot 1 and is in `phase`.
fn then(phase: Phase) -> Then {
    Then {
        phase: Some(phase),
        boot: 1,
        ..Then::default()
    }
}

impl Then {
    fn boot(self, boot: u32) -> Self {
        Self { boot, ..self }
    }

    fn lost(self) -> Self {
        Self { lost: 1, ..self }
    }

    fn because(self, code: ReasonCode) -> Self {
        let failure = Some(code);
        Self { failure, ..self }
    }

    fn does(self, effect: Effect) -> Self {
        let effect = Some(effect);
        Self { effect, ..self }
    }

    fn looks_at(self, seconds: i64) -> Self {
        let look_again = Some(at(seconds));
        Self { look_again, ..self }
    }
}

fn check(why: &str, mut given: Given, then: &Then) {
    let before = given.record.clone();
    let decision = given.step();
    let state = given.state();
    let is = Then {
        phase: Some(state.phase),
        boot: state.boot.0,
        lost: state.restarts.len() - before.state.restarts.len(),
        failure: given.failure().map(|reason| reason.code),
        effect: decision.effect,
        look_again: decision.look_again,
    };
    assert_eq!(&is, then, "{why}");
    let moved = decision
        .events
        .iter()
        .any(|event| event.kind == EventKind::Moved);
    assert_eq!(moved, before.state.phase != state.phase, "{why}: events");
}

macro_rules! rows {
    ($($why:literal, $given:expr => $then:expr;)+) => { $(check($why, $given, &$then);)+ };
}

#[test]
fn a_sandbox_that_is_to_run_and_starts() {
    rows! {
        "no boot: launch",             to_run(Starting)                                       => then(Starting).does(launch(1));
        "an old one leaves: wait",     to_run(Starting).boot(2).sees(1, leaving())            => then(Starting).boot(2).looks_at(70);
        "an old one ended: release",   to_run(Starting).boot(2).sees(1, exited(1))            => then(Starting).boot(2).does(release(1));
        "booting: stay",               to_run(Starting).sees(1, booting("pulling"))           => then(Starting).looks_at(3600);
        "booting too long: next boot", to_run(Starting).sees(1, booting("no cpu")).at(3600)   => then(Starting).boot(2).lost().does(release(1));
        "the last try booted too long", to_run(Starting).boot_in_a_row(5).sees(5, booting("no cpu")).at(3600)
                                                    => then(Failed).boot(5).lost().because(ReasonCode::Unschedulable).does(release(5));
        "up, agent silent: stay",      to_run(Starting).sees(1, up()).agent(AgentState::Silent) => then(Starting).looks_at(60 + 300);
        "silent too long: next boot",  to_run(Starting).with(|it| it.up_since = Some(at(20))).sees(1, up()).at(320)
                                                    => then(Starting).boot(2).lost().does(release(1));
        "up, agent dormant: bind",     to_run(Starting).sees(1, up()).agent(AgentState::Dormant) => then(Starting).does(bind(1));
        "bound by now: wait for it",   to_run(Starting).sees(1, up()).agent(AgentState::Dormant).with(|it| it.bound_boot = Some(Boot(1)))
                                                    => then(Starting).looks_at(60 + 300);
        "up, agent ready: runs",       to_run(Starting).sees(1, up()).agent(READY)            => then(Running);
        "leaves early: next boot",     to_run(Starting).sees(1, leaving())                    => then(Starting).boot(2).lost().looks_at(70);
        "ended early: next boot",      to_run(Starting).sees(1, exited(1))                    => then(Starting).boot(2).lost().does(release(1));
        "frozen: thaw",                to_run(Starting).sees(1, BootState::Frozen)            => then(Starting).does(thaw(1));
        "refused: grace",              to_run(Starting).last(launch(1), refused("no image"))  => then(Starting).looks_at(70);
        "refused, grace passed",       to_run(Starting).with(|it| it.refused_since = Some(at(50))).last(launch(1), refused("no image"))
                                                    => then(Failed).because(ReasonCode::LaunchRefused);
    }
}

#[test]
fn a_sandbox_that_is_to_run_and_runs() {
    rows! {
        "up: stay",                    to_run(Running).sees(1, up()).agent(READY)             => then(Running);
        "silent for a while: stay",    to_run(Running).sees(1, up()).agent(AgentState::Silent) => then(Running);
        "no boot: heal at once",       to_run(Running)                                        => then(Starting).boot(2).lost().looks_at(60);
        "leaves: heal when it went",   to_run(Running).sees(1, leaving())                     => then(Starting).boot(2).lost().looks_at(70);
        "ended: clear away, heal",     to_run(Running).sees(1, exited(137))                   => then(Starting).boot(2).lost().does(release(1));
        "too many in the window",      to_run(Running).lost_before(5).sees(1, exited(1))
                                                    => then(Failed).lost().because(ReasonCode::CrashLoopBackOff).does(release(1));
        "another boot beside: away",   to_run(Running).boot(2).sees(1, up()).sees(2, up())    => then(Running).boot(2).does(release(1));
        "not up any more: starts",     to_run(Running).sees(1, BootState::Frozen)             => then(Starting).looks_at(60);
    }
}

#[test]
fn a_sandbox_that_is_to_run_again() {
    rows! {
        "failed, nothing new wanted",  to_run(Failed)                                         => then(Failed).because(ReasonCode::Error);
        "failed, resumed",             to_run(Failed).newer_intent()                          => then(Starting).boot(2).does(launch(2));
        "failed, resumed, still there", to_run(Failed).newer_intent().sees(1, up())           => then(Failed).because(ReasonCode::Error).does(release(1));
        "pausing, still there",        to_run(Pausing).sees(1, up())                          => then(Pausing).does(release(1));
        "pausing, still leaving",      to_run(Pausing).sees(1, leaving())                     => then(Pausing).looks_at(70);
        "pausing, gone",               to_run(Pausing)                                        => then(Starting).boot(2).does(launch(2));
        "paused",                      to_run(Paused)                                         => then(Starting).boot(2).does(launch(2));
        "paused, frozen",              to_run(Paused).sees(1, BootState::Frozen)              => then(Starting).does(thaw(1));
        "paused, an older one frozen", to_run(Paused).boot(2).sees(1, BootState::Frozen)      => then(Paused).boot(2).does(release(1));
    }
}

#[test]
fn a_sandbox_that_is_to_be_paused() {
    rows! {
        "booting: release",            to_pause(Starting).sees(1, booting("pulling"))         => then(Pausing).does(release(1));
        "up: release",                 to_pause(Running).sees(1, up())                        => then(Pausing).does(release(1));
        "up: freeze, by policy",       to_pause(Running).sees(1, up()).freezing()             => then(Pausing).does(freeze(1));
        "booting: nothing to freeze",  to_pause(Starting).sees(1, booting("pulling")).freezing() => then(Pausing).does(release(1));
        "ended: release",              to_pause(Pausing).sees(1, exited(0))                   => then(Pausing).does(release(1));
        "leaves: wait",                to_pause(Pausing).sees(1, leaving())                   => then(Pausing).looks_at(70);
        "none: paused",                to_pause(Pausing)                                      => then(Paused);
        "none, was running: paused",   to_pause(Running)                                      => then(Paused);
        "frozen: paused",              to_pause(Pausing).sees(1, BootState::Frozen).freezing() => then(Paused);
        "the frozen one vanished",     to_pause(Paused).freezing()                            => then(Paused);
        "paused, one shows up",        to_pause(Paused).sees(1, up())                         => then(Pausing).does(release(1));
        "failed, then paused",         to_pause(Failed).newer_intent()                        => then(Paused);
    }
}

#[test]
fn a_sandbox_that_is_to_be_stopped() {
    rows! {
        "up: release",                 to_stop(Running).sees(1, up())                         => then(Stopping).does(release(1));
        "frozen: release",             to_stop(Paused).sees(1, BootState::Frozen)             => then(Stopping).does(release(1));
        "leaves: wait",                to_stop(Stopping).sees(1, leaving())                   => then(Stopping).looks_at(70);
        "no boot: erase",              to_stop(Running)                                       => then(Stopping).does(Effect::Erase);
        "no disk either: erase still", to_stop(Stopping).disk(DiskState::Absent)              => then(Stopping).does(Effect::Erase);
        "nothing left: stopped",       to_stop(Stopping).disk(DiskState::Absent).done(Effect::Erase) => then(Stopped);
        "the disk is not told of",     to_stop(Stopping).disk(DiskState::Unknown).done(Effect::Erase) => then(Stopped);
        "the disk is still there",     to_stop(Stopping).disk(DiskState::Present).done(Effect::Erase) => then(Stopping).looks_at(70);
        "stopped: the end",            to_stop(Stopped)                                       => then(Stopped);
    }
}

#[test]
fn whatever_is_wanted() {
    rows! {
        "failed: nothing runs",        to_run(Failed).sees(1, up())                           => then(Failed).because(ReasonCode::Error).does(release(1));
        "failed: nothing is frozen",   to_pause(Failed).sees(1, BootState::Frozen)            => then(Failed).because(ReasonCode::Error).does(release(1));
        "failed: it leaves",           to_run(Failed).sees(1, leaving())                      => then(Failed).because(ReasonCode::Error).looks_at(70);
        "disk lost, running",          to_run(Running).sees(1, up()).disk_lost()              => then(Failed).because(ReasonCode::DiskLost).does(release(1));
        "disk lost, starting",         to_run(Starting).disk_lost()                           => then(Failed).because(ReasonCode::DiskLost);
        "disk lost, paused",           to_pause(Paused).disk_lost()                           => then(Failed).because(ReasonCode::DiskLost);
        "disk lost, stop works",       to_stop(Paused).disk_lost()                            => then(Stopping).does(Effect::Erase);
        "not fresh, running",          to_run(Running).not_fresh()                            => then(Running);
        "not fresh, starting",         to_run(Starting).not_fresh()                           => then(Starting);
        "not fresh, pausing",          to_pause(Pausing).not_fresh()                          => then(Pausing);
        "not fresh, stopping",         to_stop(Stopping).not_fresh()                          => then(Stopping);
        "not fresh, past a deadline",  to_run(Starting).sees(1, booting("pulling")).at(9999).not_fresh() => then(Starting);
    }
}
