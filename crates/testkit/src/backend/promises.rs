//! Which checks stand for which sentence of the trait's documentation.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt as _;
use runtime_core::Capabilities;

use super::platform::Platform;
use super::world::World;
use super::{erasing, freezing, launching, logs, refusing, releasing, restarting, watching};
use crate::check::{Check, checks};

/// A site of its own with an open backend. Whatever the check leaves there, also when it failed, is taken away.
async fn world(platform: &dyn Platform, check: impl AsyncFnOnce(&mut World)) {
    let mut world = World::new(platform).await;
    let checked = AssertUnwindSafe(check(&mut world)).catch_unwind().await;
    let ended = AssertUnwindSafe(world.end()).catch_unwind().await;
    // What the check found comes first.
    if let Err(panic) = checked.and(ended) {
        resume_unwind(panic);
    }
}

pub(super) fn checks(capabilities: Capabilities) -> Vec<Check<dyn Platform>> {
    let mut checks = of_boots();
    checks.extend(of_the_end());
    checks.extend(of_the_watch());
    checks.extend(
        of_disks()
            .into_iter()
            .map(|check| check.only_if(capabilities.keeps_disk, "it keeps no disk")),
    );
    checks.extend(
        of_logs()
            .into_iter()
            .map(|check| check.only_if(capabilities.logs, "it keeps no logs")),
    );
    checks.extend(
        of_freezing()
            .into_iter()
            .map(|check| check.only_if(capabilities.freezes, "it does not freeze")),
    );
    checks.extend(
        of_not_freezing()
            .into_iter()
            .map(|check| check.only_if(!capabilities.freezes, "it freezes")),
    );
    checks
}

fn of_boots() -> Vec<Check<dyn Platform>> {
    checks![world:
        "Whether `spec` could ever be launched here, without asking anybody." => [
            refusing::what_can_be_launched_is_not_refused_and_nothing_is_made,
        ],
        "The message of the refusal is shown to the client: it says what to do." => [
            refusing::what_can_never_be_launched_is_refused_with_a_message,
        ],
        "[`ErrorClass::Refused`] with a message for the client." => [
            refusing::a_refused_launch_leaves_no_boot,
        ],
        "Sees to it that this boot is on its way." => [
            launching::many_boots_come_up_side_by_side,
        ],
        "Accepted, not finished: how it goes on is seen through the watch." => [
            launching::a_launched_boot_comes_up_with_the_agents_address,
        ],
        "All that is needed to launch one boot." => [
            launching::a_program_is_told_who_it_is_and_its_secrets,
        ],
        "A boot that exists already, in whatever state, is left as it is." => [
            launching::launching_again_and_again_makes_one_boot,
            launching::a_boot_that_has_ended_is_not_started_again,
            launching::a_boot_that_leaves_is_not_called_back,
        ],
    ]
}

fn of_the_end() -> Vec<Check<dyn Platform>> {
    checks![world:
        "Takes away this boot's compute and what belongs to it alone; the disk stays." => [
            releasing::a_released_boot_goes_and_the_others_stay,
            releasing::a_boot_that_ended_stays_until_it_is_released,
        ],
        "Accepted, not finished." => [releasing::a_boot_on_its_way_is_called_off],
        "Object-safe; every method is idempotent, takes all that it needs, and returns within 10 s ([`Bounded`] enforces \
         it): what takes longer goes on inside and is seen as [`BootState::Booting`]." => [
            releasing::the_release_of_a_program_that_does_not_listen_is_accepted_and_done,
        ],
        "A boot that does not exist is no error." => [
            releasing::a_boot_that_does_not_exist_is_no_error,
            releasing::releasing_again_is_no_error,
        ],
        "Removes the disk and whatever else is left of a sandbox, after all its boots went." => [
            erasing::nothing_is_left_of_an_erased_sandbox,
        ],
        "Nothing left is no error." => [erasing::nothing_left_is_no_error],
        "[`ErrorClass::Retry`] while a boot is still there." => [
            erasing::nothing_is_erased_while_a_boot_is_there,
        ],
    ]
}

fn of_the_watch() -> Vec<Check<dyn Platform>> {
    checks![world:
        "Everything that exists, and then every change." => [
            watching::each_change_is_told_after_the_listing,
            watching::a_program_that_ends_by_itself_is_told,
        ],
        "Between `ResyncBegins` and `ResyncEnds` everything that exists is listed; what was known before and is not \
         listed is gone." => [
            watching::an_empty_site_lists_nothing,
            watching::everything_that_exists_is_listed_first,
        ],
        "The stream ends only with the backend; it may be taken once more after it was dropped." => [
            watching::it_may_be_taken_once_more,
            watching::the_stream_ends_with_the_backend,
        ],
        "Whose object it is, as the object itself says; none when it does not say." => [
            watching::a_sighting_says_whose_it_is_and_when_it_was_made,
            restarting::sandboxes_of_another_installation_are_not_claimed,
        ],
        "What a backend reports of one sandbox." => [
            restarting::a_boot_goes_on_and_is_found_as_it_was,
            restarting::an_end_that_nobody_watched_is_told_afterwards,
            restarting::an_end_is_remembered,
        ],
        "A boot in this state." => [
            logs::how_a_boot_ended_is_told_with_code_and_last_lines,
        ],
    ]
}

fn of_disks() -> Vec<Check<dyn Platform>> {
    checks![world:
        "The disk outlives a released boot." => [
            releasing::the_disk_stays_and_the_next_boot_finds_it,
            restarting::a_disk_without_a_boot_is_found_and_not_erased,
        ],
    ]
}

fn of_logs() -> Vec<Check<dyn Platform>> {
    checks![world:
        "The last `bytes` that this boot wrote, at most." => [
            logs::no_more_than_the_last_bytes_are_read,
            logs::a_log_outlives_the_programs_end,
        ],
        "[`ErrorClass::Gone`] when nothing is kept of it." => [
            logs::nothing_is_kept_of_a_boot_that_never_was,
        ],
    ]
}

fn of_freezing() -> Vec<Check<dyn Platform>> {
    checks![world:
        "Stops this boot and keeps its memory." => [
            freezing::a_frozen_boot_does_nothing_until_it_is_thawed,
        ],
        "[`ErrorClass::Gone`] when it is not there any more." => [
            freezing::what_is_not_there_any_more_cannot_be_thawed,
        ],
    ]
}

fn of_not_freezing() -> Vec<Check<dyn Platform>> {
    checks![world:
        "[`ErrorClass::Refused`] where it cannot freeze." => [
            freezing::freezing_is_refused_where_it_cannot_be,
        ],
    ]
}
