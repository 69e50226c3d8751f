//! What a client sees of a sandbox's state: one table (contract §5.1).

use runtime_api::{PodStatus, Status};
use runtime_core::sandbox::{Desired, Phase, ReasonCode, State};

/// `status` and `pod_status`. What is wanted goes before where it is: a call that was accepted is visible at once.
pub(super) fn status(state: &State) -> (Status, PodStatus) {
    match (state.intent.desired, state.phase) {
        (Desired::Stopped, _) => (Status::Stopped, PodStatus::NotFound),
        (Desired::Running | Desired::Paused, Phase::Failed) if state.failed_for_good() => {
            (Status::Error, failure(state))
        }
        (Desired::Paused, _) => (Status::Paused, PodStatus::NotFound),
        (Desired::Running, Phase::Running) => (Status::Running, PodStatus::Ready),
        // The process runs, and does not answer at its public address yet.
        (Desired::Running, Phase::Starting) if state.endpoints.is_some() => {
            (Status::Starting, PodStatus::Running)
        }
        // On its way, be it for the first time, back from a pause, or after a failure that a newer call overruled.
        (
            Desired::Running,
            Phase::Starting
            | Phase::Pausing
            | Phase::Paused
            | Phase::Stopping
            | Phase::Stopped
            | Phase::Failed,
        ) => (Status::Starting, PodStatus::Pending),
    }
}

fn failure(state: &State) -> PodStatus {
    match state.failure.as_ref().map(|failure| failure.reason.code) {
        Some(ReasonCode::CrashLoopBackOff) => PodStatus::CrashLoopBackOff,
        Some(_) | None => PodStatus::Failed,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use runtime_core::sandbox::{Actor, Endpoints, Failure, Reason};
    use runtime_core::{Generation, Timestamp};

    use super::*;

    fn state(desired: Desired, phase: Phase) -> State {
        let now = Timestamp::from_millis(0);
        let mut state = State::new(Actor::Client, BTreeMap::new(), now);
        state.intent.desired = desired;
        state.phase = phase;
        state
    }

    fn failed(desired: Desired, code: ReasonCode, intent: Generation) -> State {
        let mut state = state(desired, Phase::Failed);
        state.intent.generation = intent;
        state.failure = Some(Failure {
            generation: Generation::FIRST,
            at: Timestamp::from_millis(0),
            reason: Reason::new(code, "no"),
        });
        state
    }

    fn words(state: &State) -> String {
        let (status, pod) = status(state);
        format!("{status}/{}", pod.word(runtime_api::PodStatusCase::Lower))
    }

    #[test]
    fn what_is_wanted_goes_before_where_it_is() {
        let table = [
            (Desired::Running, Phase::Starting, "starting/pending"),
            (Desired::Running, Phase::Running, "running/ready"),
            (Desired::Running, Phase::Pausing, "starting/pending"),
            (Desired::Running, Phase::Paused, "starting/pending"),
            (Desired::Running, Phase::Stopping, "starting/pending"),
            (Desired::Running, Phase::Stopped, "starting/pending"),
            (Desired::Running, Phase::Failed, "error/failed"),
            (Desired::Paused, Phase::Starting, "paused/not found"),
            (Desired::Paused, Phase::Running, "paused/not found"),
            (Desired::Paused, Phase::Pausing, "paused/not found"),
            (Desired::Paused, Phase::Paused, "paused/not found"),
            (Desired::Paused, Phase::Stopping, "paused/not found"),
            (Desired::Paused, Phase::Stopped, "paused/not found"),
            (Desired::Paused, Phase::Failed, "error/failed"),
            (Desired::Stopped, Phase::Starting, "stopped/not found"),
            (Desired::Stopped, Phase::Running, "stopped/not found"),
            (Desired::Stopped, Phase::Pausing, "stopped/not found"),
            (Desired::Stopped, Phase::Paused, "stopped/not found"),
            (Desired::Stopped, Phase::Stopping, "stopped/not found"),
            (Desired::Stopped, Phase::Stopped, "stopped/not found"),
            (Desired::Stopped, Phase::Failed, "stopped/not found"),
        ];
        assert_eq!(table.len(), Desired::ALL.len() * Phase::ALL.len());
        for (desired, phase, expected) in table {
            assert_eq!(
                words(&state(desired, phase)),
                expected,
                "{desired:?} {phase:?}"
            );
        }
    }

    #[test]
    fn a_process_that_does_not_answer_yet_is_running_but_not_ready() {
        let mut state = state(Desired::Running, Phase::Starting);
        state.endpoints = Some(Endpoints::default());
        assert_eq!(words(&state), "starting/running");
    }

    #[test]
    fn a_failure_counts_until_a_newer_intent() {
        let of = |desired, code, intent| words(&failed(desired, code, intent));
        let (first, second) = (Generation::FIRST, Generation::FIRST.next());
        for desired in [Desired::Running, Desired::Paused] {
            assert_eq!(
                of(desired, ReasonCode::CrashLoopBackOff, first),
                "error/crashloopbackoff"
            );
            assert_eq!(
                of(desired, ReasonCode::LaunchRefused, first),
                "error/failed"
            );
        }
        assert_eq!(
            of(Desired::Running, ReasonCode::LaunchRefused, second),
            "starting/pending"
        );
        assert_eq!(
            of(Desired::Paused, ReasonCode::LaunchRefused, second),
            "paused/not found"
        );
    }

    #[test]
    fn the_two_words_always_agree() {
        for desired in Desired::ALL {
            for phase in Phase::ALL {
                let (status, pod) = status(&state(desired, phase));
                assert!(status.allows(pod), "{desired:?} {phase:?}");
                assert_ne!(pod, PodStatus::Unknown);
            }
        }
    }
}
