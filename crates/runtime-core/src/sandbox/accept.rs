//! What a command means for a sandbox, or why it is refused (contract §3.2 and §5.3).

use super::event::{Actor, Event, EventKind};
use super::phase::Desired;
use super::record::{Intent, Record};
use crate::clock::Timestamp;

/// What somebody wants of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Its session is asked for again.
    Start,
    /// Give the compute back, keep the disk.
    Pause,
    /// Compute again.
    Resume,
    /// Remove everything.
    Stop,
    /// Traffic came for a sandbox that a policy paused.
    Wake,
    /// A policy ends a sandbox that was paused too long.
    Expire,
}

impl Verb {
    /// Every verb, for tables and properties.
    pub const ALL: [Self; 6] = [
        Self::Start,
        Self::Pause,
        Self::Resume,
        Self::Stop,
        Self::Wake,
        Self::Expire,
    ];

    /// The word for timelines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Wake => "wake",
            Self::Expire => "expire",
        }
    }
}

/// A verb and who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What is wanted.
    pub verb: Verb,
    /// Who wants it.
    pub by: Actor,
}

/// An accepted command.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The record to store; none when nothing changes.
    pub next: Option<Record>,
    /// Its timeline entries.
    pub events: Vec<Event>,
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It was stopped.
    #[error("the sandbox is stopped")]
    Stopped,
    /// It failed for good; a start gives its session a new one.
    #[error("the sandbox failed")]
    Failed,
    /// It does not sleep by policy, so traffic does not wake it.
    #[error("the sandbox was paused by request; resume it")]
    PausedByRequest,
}

/// What `command` means for `record`: the record to store, nothing to do, or why not.
///
/// # Errors
/// [`Refusal`].
pub fn accept(record: &Record, command: &Command, now: Timestamp) -> Result<Accepted, Refusal> {
    let state = &record.state;
    let desired = state.intent.desired;
    let failed = state.failed_for_good();
    let wanted = match command.verb {
        Verb::Start if desired == Desired::Stopped => return Err(Refusal::Stopped),
        Verb::Start if failed => return Err(Refusal::Failed),
        Verb::Pause | Verb::Resume if desired == Desired::Stopped => return Err(Refusal::Stopped),
        Verb::Start | Verb::Resume => Desired::Running,
        Verb::Pause => Desired::Paused,
        Verb::Stop => Desired::Stopped,
        Verb::Wake => match (desired, &state.intent.by) {
            (Desired::Stopped, _) => return Err(Refusal::Stopped),
            (Desired::Paused, Actor::Policy(_)) => Desired::Running,
            (Desired::Paused, _) => return Err(Refusal::PausedByRequest),
            (Desired::Running, _) if failed => return Err(Refusal::Failed),
            (Desired::Running, _) => Desired::Running,
        },
        // Only what is paused expires: a resume that was faster wins.
        Verb::Expire if desired == Desired::Paused => Desired::Stopped,
        Verb::Expire => desired,
    };
    // Wanting again what is wanted changes nothing, unless it failed and is to be tried once more. An expiry is not a try.
    let again = failed && matches!(command.verb, Verb::Pause | Verb::Resume);
    if wanted == desired && !again {
        return Ok(Accepted {
            next: None,
            events: Vec::new(),
        });
    }
    Ok(intend(record, wanted, command, now))
}

fn intend(record: &Record, desired: Desired, command: &Command, now: Timestamp) -> Accepted {
    let mut next = record.clone();
    let generation = record.state.intent.generation.next();
    next.state.intent = Intent {
        desired,
        generation,
        by: command.by.clone(),
        at: now,
    };
    next.updated_at = now;
    let event = Event {
        at: now,
        kind: EventKind::Wanted,
        by: command.by.clone(),
        message: format!("{}: wanted {}", command.verb.as_str(), desired.as_str()),
    };
    Accepted {
        next: Some(next),
        events: vec![event],
    }
}

#[cfg(test)]
mod tests {
    use super::super::phase::Phase;
    use super::super::reason::{Reason, ReasonCode};
    use super::super::record::Failure;
    use super::*;
    use crate::sandbox::builders::record;

    const NOW: Timestamp = Timestamp::from_millis(5_000);

    fn in_state(desired: Desired, phase: Phase, by: Actor) -> Record {
        let mut record = record();
        record.state.intent.desired = desired;
        record.state.intent.by = by;
        record.state.phase = phase;
        if phase == Phase::Failed {
            record.state.failure = Some(Failure {
                generation: record.state.intent.generation,
                at: NOW,
                reason: Reason::new(ReasonCode::Error, "it broke"),
            });
        }
        record
    }

    /// What is wanted after the command, `Ok(None)` for no change.
    fn outcome(record: &Record, verb: Verb) -> Result<Option<Desired>, Refusal> {
        let command = Command {
            verb,
            by: Actor::Client,
        };
        accept(record, &command, NOW)
            .map(|accepted| accepted.next.map(|next| next.state.intent.desired))
    }

    #[test]
    fn each_verb_means_what_the_contract_says() {
        use Desired::{Paused, Running, Stopped};
        // Verb, desired and phase before, who wanted it, what is wanted afterwards (none: no change).
        #[rustfmt::skip]
        let rows = [
            (Verb::Start,  Running, Phase::Starting, "client", Ok(None)),
            (Verb::Start,  Running, Phase::Running,  "client", Ok(None)),
            (Verb::Start,  Paused,  Phase::Pausing,  "client", Ok(Some(Running))),
            (Verb::Start,  Paused,  Phase::Paused,   "client", Ok(Some(Running))),
            (Verb::Start,  Stopped, Phase::Stopping, "client", Err(Refusal::Stopped)),
            (Verb::Start,  Stopped, Phase::Stopped,  "client", Err(Refusal::Stopped)),
            (Verb::Start,  Running, Phase::Failed,   "client", Err(Refusal::Failed)),
            (Verb::Pause,  Running, Phase::Starting, "client", Ok(Some(Paused))),
            (Verb::Pause,  Running, Phase::Running,  "client", Ok(Some(Paused))),
            (Verb::Pause,  Paused,  Phase::Paused,   "client", Ok(None)),
            (Verb::Pause,  Stopped, Phase::Stopped,  "client", Err(Refusal::Stopped)),
            (Verb::Pause,  Running, Phase::Failed,   "client", Ok(Some(Paused))),
            (Verb::Resume, Running, Phase::Starting, "client", Ok(None)),
            (Verb::Resume, Running, Phase::Running,  "client", Ok(None)),
            (Verb::Resume, Paused,  Phase::Pausing,  "client", Ok(Some(Running))),
            (Verb::Resume, Paused,  Phase::Paused,   "client", Ok(Some(Running))),
            (Verb::Resume, Stopped, Phase::Stopping, "client", Err(Refusal::Stopped)),
            (Verb::Resume, Running, Phase::Failed,   "client", Ok(Some(Running))),
            (Verb::Stop,   Running, Phase::Starting, "client", Ok(Some(Stopped))),
            (Verb::Stop,   Paused,  Phase::Paused,   "client", Ok(Some(Stopped))),
            (Verb::Stop,   Running, Phase::Failed,   "client", Ok(Some(Stopped))),
            (Verb::Stop,   Stopped, Phase::Stopped,  "client", Ok(None)),
            (Verb::Wake,   Paused,  Phase::Paused,   "idle",   Ok(Some(Running))),
            (Verb::Wake,   Paused,  Phase::Paused,   "client", Err(Refusal::PausedByRequest)),
            (Verb::Wake,   Running, Phase::Running,  "client", Ok(None)),
            (Verb::Wake,   Running, Phase::Failed,   "client", Err(Refusal::Failed)),
            (Verb::Wake,   Stopped, Phase::Stopped,  "client", Err(Refusal::Stopped)),
            (Verb::Expire, Paused,  Phase::Paused,   "idle",   Ok(Some(Stopped))),
            (Verb::Expire, Running, Phase::Running,  "idle",   Ok(None)),
            (Verb::Expire, Running, Phase::Failed,   "idle",   Ok(None)),
            (Verb::Expire, Stopped, Phase::Stopped,  "idle",   Ok(None)),
        ];
        for (verb, desired, phase, by, expected) in rows {
            let by = if by == "client" {
                Actor::Client
            } else {
                Actor::Policy(by.to_owned())
            };
            let record = in_state(desired, phase, by);
            assert_eq!(
                outcome(&record, verb),
                expected,
                "{verb:?} of {desired:?}/{phase:?}"
            );
        }
    }

    #[test]
    fn an_accepted_change_raises_the_generation_and_says_who() {
        let record = in_state(Desired::Running, Phase::Running, Actor::Client);
        let command = Command {
            verb: Verb::Pause,
            by: Actor::Operator,
        };
        let accepted = accept(&record, &command, NOW).unwrap();
        let intent = accepted.next.unwrap().state.intent;
        assert_eq!(intent.generation, record.state.intent.generation.next());
        assert_eq!((intent.by, intent.at), (Actor::Operator, NOW));
        assert_eq!(accepted.events.len(), 1);
        assert_eq!(accepted.events[0].message, "pause: wanted paused");
    }

    #[test]
    fn the_last_intent_wins_whatever_the_phase() {
        for phase in [
            Phase::Starting,
            Phase::Running,
            Phase::Pausing,
            Phase::Paused,
        ] {
            for desired in [Desired::Running, Desired::Paused] {
                let record = in_state(desired, phase, Actor::Client);
                for (verb, wanted) in [
                    (Verb::Pause, Desired::Paused),
                    (Verb::Resume, Desired::Running),
                ] {
                    let expected = if desired == wanted {
                        None
                    } else {
                        Some(wanted)
                    };
                    assert_eq!(outcome(&record, verb), Ok(expected));
                }
            }
        }
    }
}
