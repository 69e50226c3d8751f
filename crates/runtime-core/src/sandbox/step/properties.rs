//! What holds of [`step`](super::step) for every input, and in every world that does what it is asked.

mod generate;
mod life;
mod world;

use proptest::prelude::*;

use super::super::accept::Verb;
use super::super::builders;
use super::super::observation::{DiskState, Observation};
use super::super::phase::{Desired, Phase};
use super::super::record::Record;
use super::{Decision, Effect, Outcome, Policy, step};
use crate::clock::Timestamp;
use life::Life;
use world::World;

/// What holds of every decision, whatever it is made from.
fn obeys_the_laws(
    record: &Record,
    seen: &Observation,
    now: Timestamp,
    decision: &Decision,
) -> Result<(), TestCaseError> {
    let Decision {
        next,
        events,
        effect,
        look_again,
    } = decision;
    if !seen.fresh {
        prop_assert!(next.is_none() && events.is_empty());
        prop_assert_eq!((*effect, *look_again), (None, None), "nothing was seen");
        return Ok(());
    }
    let (before, after) = (&record.state, next.as_ref().unwrap_or(record));
    match effect {
        Some(Effect::Launch(boot)) => {
            prop_assert_eq!(before.intent.desired, Desired::Running);
            prop_assert!(seen.boots.is_empty(), "a boot is there already");
            prop_assert!(!before.failed_for_good(), "it has failed");
            prop_assert_eq!(*boot, after.state.boot);
        }
        Some(Effect::Erase) => {
            prop_assert_eq!(before.intent.desired, Desired::Stopped);
            prop_assert!(seen.boots.is_empty(), "a boot needs the disk");
        }
        _ => {}
    }
    match next {
        Some(next) => {
            prop_assert_ne!(&next.state, before, "there is nothing to write");
            prop_assert_eq!(&next.state.intent, &before.intent, "only commands intend");
            prop_assert!(next.state.boot >= before.boot, "boots are counted upwards");
            prop_assert_eq!(next.version, record.version, "the store counts versions");
            prop_assert_eq!(&next.id, &record.id);
            prop_assert!(std::sync::Arc::ptr_eq(&next.spec, &record.spec));
            prop_assert_eq!(next.updated_at, now);
            let up = [Phase::Starting, Phase::Running].contains(&next.state.phase);
            prop_assert!(up || next.state.endpoints.is_none(), "it is led to nowhere");
        }
        None => prop_assert!(events.is_empty(), "events are written with a record"),
    }
    if after.state.phase != before.phase {
        prop_assert!(!events.is_empty(), "a move is in the timeline");
    }
    if before.intent.desired == Desired::Stopped {
        let stays = [Phase::Stopping, Phase::Stopped].contains(&after.state.phase);
        prop_assert!(stays || next.is_none(), "a stop was taken back");
        prop_assert!(
            before.phase != Phase::Stopped || next.is_none(),
            "it ends once"
        );
    }
    if let (None, None, Some(at)) = (next, effect, look_again) {
        let end_of_time = Timestamp::from_millis(i64::MAX);
        prop_assert!(*at > now || now == end_of_time, "it would look for ever");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_input_is_answered_within_the_laws(
        record in generate::record(generate::any_time),
        seen in generate::observation(),
        last in proptest::option::of(generate::outcome()),
        now in generate::any_time(),
        policy in generate::policy(),
    ) {
        let decision = step(&record, &seen, last.as_ref(), now, &policy);
        obeys_the_laws(&record, &seen, now, &decision)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// From whatever is stored and seen, and with whatever commands on the way, it comes to rest where the last intent
    /// wants it, or has failed.
    #[test]
    fn every_life_comes_to_rest_where_the_last_intent_wants_it(
        record in generate::record_of_the_past(),
        world in generate::world(),
        last in proptest::option::of(generate::outcome()),
        now in generate::time(),
        freezes in any::<bool>(),
        commands in generate::commands(),
    ) {
        let mut life = Life::new(record, world, last, now, freezes);
        for (steps, verb) in commands {
            life.steps(steps)?;
            life.command(verb)?;
        }
        life.comes_to_rest()?;
        life.is_settled()?;
    }

    /// A new sandbox in a world whose boots all get ready never fails, whatever calls are lost on the way.
    #[test]
    fn a_healthy_world_gives_what_is_wanted(
        world in generate::healthy_world(),
        freezes in any::<bool>(),
        commands in generate::commands(),
    ) {
        let now = Timestamp::from_millis(0);
        let mut life = Life::new(builders::record(), world, None, now, freezes);
        for (steps, verb) in commands {
            life.steps(steps)?;
            life.command(verb)?;
        }
        life.comes_to_rest()?;
        life.is_settled()?;
        prop_assert_ne!(life.record.state.phase, Phase::Failed);
    }
}
