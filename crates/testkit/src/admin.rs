//! What every [`AdminStore`] must pass.

mod closing;
mod keys;
mod logins;
mod promises;
mod surviving;
mod warm_configs;

use std::sync::Arc;

use libtest_mimic::Trial;
use runtime_core::AdminStore;

use crate::check::{self, Check};
use crate::place::Factory;

/// What makes the stores that are looked at.
pub type Admins = dyn Factory<dyn AdminStore>;

/// Every check of stores like these. Each is given a place of its own.
pub fn checks() -> Vec<Check<Admins>> {
    promises::checks()
}

/// The checks as trials for [`run`](crate::run).
pub fn trials(stores: impl Factory<dyn AdminStore>) -> Vec<Trial> {
    let stores: Arc<Admins> = Arc::new(stores);
    check::trials(&stores, checks())
}
