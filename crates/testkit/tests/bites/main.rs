//! The suites bite: a store in memory passes every check, and with one thing wrong it fails those that are about it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

mod fault;
mod memory;
mod records;

use std::collections::BTreeSet;
use std::sync::Arc;

use runtime_core::StateStore;
use testkit::Factory;

use fault::Fault;
use memory::Memory;

/// Names of the checks that a store with this fault fails.
async fn failing(fault: Option<Fault>) -> BTreeSet<&'static str> {
    let stores: Arc<dyn Factory<dyn StateStore>> = Arc::new(Memory { fault });
    let mut failed = BTreeSet::new();
    for check in testkit::store::checks(&*stores) {
        assert_eq!(check.inapplicable(), None, "memory shows its bytes");
        if check.run(&*stores).await.is_err() {
            failed.insert(check.name());
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_keeps_its_word_passes() {
    assert_eq!(failing(None).await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_found_by_the_checks_that_are_about_it() {
    // The many panics are what is wanted; only those of this test are to be read.
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for fault in Fault::ALL {
        let failed = failing(Some(fault)).await;
        let expected = fault.found_by();
        if !expected.iter().all(|name| failed.contains(name)) {
            missed.push(format!(
                "{fault:?}: expected {expected:?}, failed {failed:?}"
            ));
        }
        // Not everything hangs on everything: a fault is told by few checks.
        if failed.len() > 25 {
            missed.push(format!("{fault:?} fails {} checks", failed.len()));
        }
    }
    drop(std::panic::take_hook());
    assert!(missed.is_empty(), "{missed:#?}");
}
