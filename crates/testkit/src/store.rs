//! What every [`StateStore`] must pass.

mod acts;
mod cancelling;
mod changes;
mod closing;
mod events;
mod following;
mod inserting;
mod limits;
mod promises;
mod replacing;
mod sealing;
mod sessions;
mod surviving;
mod updating;
mod upkeep;
mod values;

use std::sync::Arc;

use libtest_mimic::Trial;
use runtime_core::StateStore;

use crate::check::{self, Check};
use crate::place::Factory;

/// What makes the stores that are looked at.
pub type Stores = dyn Factory<dyn StateStore>;

/// Every check of stores like these. Each is given a place of its own.
pub fn checks(stores: &Stores) -> Vec<Check<Stores>> {
    promises::checks(stores.shows_sealed_bytes())
}

/// The checks as trials for [`run`](crate::run).
pub fn trials(stores: impl Factory<dyn StateStore>) -> Vec<Trial> {
    let stores: Arc<Stores> = Arc::new(stores);
    check::trials(&stores, checks(&*stores))
}
