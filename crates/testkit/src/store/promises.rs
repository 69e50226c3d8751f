//! Which checks stand for which sentence of the trait's documentation.

use std::sync::Arc;

use runtime_core::StateStore;

use super::{
    Stores, cancelling, changes, closing, events, following, inserting, limits, replacing, sealing,
    sessions, surviving, updating, upkeep, values,
};
use crate::check::{Check, checks};
use crate::place::Place;

/// In a place of its own, an open store.
async fn store(stores: &Stores, check: impl AsyncFnOnce(&dyn StateStore)) {
    let mut place = stores.place().await;
    let store: Arc<dyn StateStore> = place.store();
    check(&*store).await;
    place.close().await;
}

/// A place of its own.
async fn place(stores: &Stores, check: impl AsyncFnOnce(&mut dyn Place<dyn StateStore>)) {
    let mut place = stores.place().await;
    check(&mut *place).await;
    place.close().await;
}

/// The stores themselves.
async fn all(stores: &Stores, check: impl AsyncFnOnce(&Stores)) {
    check(stores).await;
}

pub(super) fn checks(shows_sealed_bytes: bool) -> Vec<Check<Stores>> {
    let mut checks = of_writes();
    checks.extend(of_answers());
    checks.extend(of_reads());
    checks.extend(of_the_whole());
    checks.extend(of_sealed_values(shows_sealed_bytes));
    checks
}

fn of_writes() -> Vec<Check<Stores>> {
    checks![store:
        "Stores a new record, unless its session (per tenant) has an open one." => [
            inserting::a_session_with_an_open_record_gets_no_second_one,
            inserting::paused_and_failed_records_are_open_and_stopped_ones_are_not,
            inserting::the_same_session_of_another_tenant_is_another_session,
        ],
        "The version of `new` is not read." => [
            inserting::a_new_record_has_the_first_version_whatever_it_said,
        ],
        "An id or a label that another record has is [`StoreError::Invalid`], and so is replacing a record that stays \
         open, is unknown, or belongs to another session." => [
            inserting::a_taken_id_and_a_taken_label_are_invalid,
            replacing::a_taken_id_leaves_the_old_record_as_it_was,
            replacing::what_makes_no_place_for_the_new_record_is_invalid,
        ],
        "Dropping the call does not undo it: the record may or may not be stored." => [
            cancelling::a_dropped_insert_is_whole_or_nothing,
            cancelling::dropped_calls_leave_the_store_usable,
        ],
        "A record that gives its session's place to a new one, in the transaction of the insert." => [
            replacing::the_old_record_and_the_new_one_are_stored_together,
        ],
        "Stores `next.state` (and `updated_at`) if the stored version is `next.version`." => [
            updating::an_update_stores_the_state_and_the_time_and_raises_the_version,
            updating::a_stale_version_changes_nothing,
        ],
        "The parts that are written once are not touched." => [
            updating::an_update_does_not_touch_what_is_written_once,
        ],
        "Opening a record again whose session has another open one is [`StoreError::Invalid`]." => [
            updating::a_stopped_record_cannot_take_its_session_back_from_another,
        ],
        "As [`insert`](Self::insert)." => [cancelling::a_dropped_update_is_whole_or_nothing],
        "Notes activity of sandboxes, outside their version." => [
            upkeep::activity_changes_no_record,
        ],
        "Forgets stopped sandboxes that were last written before `before`; returns how many, at most `limit`." => [
            upkeep::a_purge_forgets_old_stopped_records_with_all_that_is_theirs,
            upkeep::a_purge_forgets_no_more_than_it_may,
        ],
    ]
}

fn of_answers() -> Vec<Check<Stores>> {
    checks![store:
        "What a write must fit into, checked in its transaction." => [
            limits::as_many_as_allowed_are_live_and_no_more,
        ],
        "It makes nothing live, or nothing is limited." => [
            limits::without_a_limit_everybody_is_admitted,
        ],
        "A write that makes a sandbox live is stored only if at most this many of the installation are live \
         afterwards." => [
            limits::the_limit_is_that_of_the_installation,
            limits::paused_stopped_and_failed_records_do_not_count,
            limits::a_record_that_becomes_live_again_needs_a_place,
            limits::a_live_record_moves_on_at_and_over_the_limit,
            replacing::a_live_record_leaves_its_place_under_the_limit,
        ],
        "The session has an open record, which is this one; or the record to be replaced has changed and is this \
         one." => [
            inserting::of_many_starts_of_a_session_one_wins_and_the_others_get_it,
            inserting::an_insert_that_comes_twice_finds_itself,
            limits::a_session_that_has_a_record_gets_it_even_at_the_limit,
            replacing::an_old_record_that_has_changed_is_the_answer,
        ],
        "The limit does not allow it; so many are live." => [
            replacing::over_the_limit_the_old_record_stays_as_it_was,
        ],
        "Somebody was faster: this is what is stored." => [
            updating::of_many_updates_of_one_version_one_succeeds,
            limits::a_stale_update_at_the_limit_is_stale,
        ],
        "There is no such record." => [updating::an_update_of_nothing_says_so],
    ]
}

fn of_reads() -> Vec<Check<Stores>> {
    checks![store:
        "The record of a sandbox." => [
            inserting::a_record_comes_back_as_it_was_stored,
            inserting::an_unknown_sandbox_has_no_record,
            values::ids_of_every_allowed_form_are_kept,
            values::every_part_of_a_record_is_kept,
            values::huge_and_odd_environments_are_kept,
        ],
        "The record that serves a session: its open one, else its newest." => [
            sessions::a_session_is_served_by_its_open_record_else_by_its_newest,
            sessions::a_session_of_another_tenant_is_unknown,
            values::sessions_are_told_apart_byte_by_byte,
        ],
        "The records that serve these sessions, as [`of_session`](Self::of_session) finds them, with one question to \
         the database; each session is answered once, unknown ones are left out, the order is free." => [
            sessions::each_known_session_has_one_answer_and_the_others_none,
            sessions::a_thousand_sessions_are_found_at_once,
            sessions::no_sessions_have_no_records,
        ],
        "The timeline of a sandbox, oldest first." => [
            events::the_timeline_is_complete_and_in_order,
            events::an_entry_comes_back_as_it_was_stored,
            events::an_unknown_sandbox_has_no_timeline,
        ],
        "What changed since `since`." => [
            changes::an_empty_store_has_a_cursor_to_go_on_from,
            changes::what_stored_nothing_is_no_change,
        ],
        "A write that was acknowledged before the call began is among the changes." => [
            changes::each_write_is_seen_by_the_next_call,
        ],
        "The newest summary of each changed sandbox, in the order of the changes." => [
            changes::changes_come_in_their_order_each_sandbox_once_with_its_newest_state,
            changes::a_summary_says_what_the_record_says,
        ],
        "With the default cursor: every sandbox whose phase is not \
         [`Phase::Stopped`](crate::sandbox::Phase::Stopped), those on their way there included." => [
            changes::the_default_cursor_gives_all_that_something_is_left_of,
        ],
        "From here on next time." => [changes::an_old_cursor_is_as_good_as_a_new_one],
        "May be late, may be lost, may be empty for ever." => [
            following::hints_never_end_and_harm_nobody,
        ],
    ]
}

fn of_the_whole() -> Vec<Check<Stores>> {
    let mut checks = checks![place:
        "Object-safe, cheap to share." => [following::one_store_serves_tasks_on_several_threads],
        "What a method acknowledged survives a crash of the process and of the machine; the timeline entries of a \
         write are stored in its transaction." => [
            surviving::what_was_acknowledged_survives_a_restart,
            surviving::what_was_acknowledged_survives_a_crash,
            surviving::what_was_forgotten_stays_forgotten,
            limits::what_counts_is_what_is_stored,
        ],
        "A place in the order of changes." => [
            following::followers_of_concurrent_writers_miss_nothing,
            surviving::new_writes_come_after_a_cursor_of_before_the_restart,
        ],
        "The id that this store was born with, and when." => [
            upkeep::the_installation_stays_the_same,
        ],
        "The store was closed." => [closing::a_closed_store_says_so],
    ];
    checks.extend(checks![all:
        "The id that this store was born with, and when." => [
            upkeep::each_place_is_an_installation_of_its_own,
        ],
    ]);
    checks
}

fn of_sealed_values(shows_bytes: bool) -> Vec<Check<Stores>> {
    let readable = checks![place:
        "Values that must not be read by others; stores encrypt them where they have a key." => [
            sealing::sealed_values_are_not_readable_where_they_are_stored,
        ],
    ];
    let printed = checks![store:
        "Values that must not be read by others; stores encrypt them where they have a key." => [
            sealing::nothing_prints_a_sealed_value,
        ],
    ];
    let reason = "these stores do not show what they store sealed";
    let readable = readable
        .into_iter()
        .map(|check| check.only_if(shows_bytes, reason));
    readable.chain(printed).collect()
}
