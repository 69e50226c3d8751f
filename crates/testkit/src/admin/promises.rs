//! Which checks stand for which sentence of the trait's documentation.

use std::sync::Arc;

use runtime_core::AdminStore;

use super::{Admins, closing, keys, logins, surviving, warm_configs};
use crate::check::{Check, checks};
use crate::place::Place;

/// In a place of its own, an open store.
async fn store(stores: &Admins, check: impl AsyncFnOnce(&dyn AdminStore)) {
    let mut place = stores.place().await;
    let store: Arc<dyn AdminStore> = place.store();
    check(&*store).await;
    place.close().await;
}

/// A place of its own.
async fn place(stores: &Admins, check: impl AsyncFnOnce(&mut dyn Place<dyn AdminStore>)) {
    let mut place = stores.place().await;
    check(&mut *place).await;
    place.close().await;
}

pub(super) fn checks() -> Vec<Check<Admins>> {
    let mut checks = of_keys();
    checks.extend(of_logins());
    checks.extend(of_warm_configs());
    checks.extend(of_the_whole());
    checks
}

fn of_keys() -> Vec<Check<Admins>> {
    checks![store:
        "Stores a new key." => [keys::a_key_comes_back_as_it_was_stored],
        "False: another key that is not revoked has its name (expired ones keep theirs), and nothing is stored." => [
            keys::a_name_belongs_to_one_key_that_is_not_revoked,
            keys::an_expired_key_keeps_its_name,
            keys::of_many_who_want_a_name_one_gets_it,
        ],
        "[`StoreError`]; [`StoreError::Invalid`] where another key has the id or the hash, revoked ones included." => [
            keys::a_taken_id_and_a_taken_hash_are_invalid,
        ],
        "Dropping the call does not undo it: the key may or may not be stored." => [
            keys::a_dropped_call_is_whole_or_nothing,
        ],
        "Every key that was ever stored, revoked and expired ones included, in the order in which they were \
         stored." => [keys::all_keys_are_listed_in_their_order],
        "Revokes a key for ever; its name is free from then on." => [
            keys::the_name_of_a_revoked_key_is_free,
        ],
        "False: there is no such key, or it was revoked before, at a time that stays." => [
            keys::a_key_is_revoked_once,
            keys::an_unknown_key_is_not_revoked,
        ],
    ]
}

fn of_logins() -> Vec<Check<Admins>> {
    checks![store:
        "Stores a challenge that can be taken once, before `expires_at`." => [
            logins::a_challenge_is_taken_once_and_before_it_expires,
        ],
        "Those that have expired at `now` are forgotten." => [
            logins::an_expired_challenge_is_forgotten_when_another_comes,
        ],
        "Takes a challenge: of many who try, one gets it." => [
            logins::of_many_who_take_a_challenge_one_gets_it,
        ],
        "False: it was taken, has expired at `now`, or never was; it is gone in any case." => [
            logins::an_unknown_challenge_is_not_taken,
            logins::a_challenge_that_came_too_late_is_gone,
        ],
        "Stores the hash of an administrator's token, which is good before `expires_at`." => [
            logins::a_token_is_good_before_it_expires,
        ],
        "Those that have expired at `now` are forgotten." => [
            logins::an_expired_token_is_forgotten_when_another_comes,
        ],
        "Whether this token was stored and has not expired at `now`." => [
            logins::an_unknown_token_is_not_good,
        ],
    ]
}

fn of_warm_configs() -> Vec<Check<Admins>> {
    checks![store:
        "Every stored warm configuration, in the order of their names' bytes." => [
            warm_configs::all_are_listed_in_the_order_of_their_names_bytes,
        ],
        "Stores a warm configuration in the place of the one of its name." => [
            warm_configs::one_takes_the_place_of_the_one_of_its_name,
            warm_configs::any_text_is_kept_as_it_is,
        ],
        "Forgets a warm configuration." => [warm_configs::one_is_forgotten_and_no_other],
        "False: there is none of this name." => [warm_configs::an_unknown_one_is_not_forgotten],
    ]
}

fn of_the_whole() -> Vec<Check<Admins>> {
    checks![place:
        "What a method acknowledged survives a crash of the process and of the machine." => [
            surviving::what_was_acknowledged_survives_a_restart_and_a_crash,
        ],
        "Object-safe, cheap to share." => [surviving::one_store_serves_tasks_on_several_threads],
        "The store was closed." => [closing::a_closed_store_says_so],
    ]
}
