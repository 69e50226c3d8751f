//! The contract over HTTP, against the real binary with the tiny program in its sandboxes. A test named
//! `tNN_…` holds the line of that number in the contract's list of traps (§10); `traps` sees to it that none is missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

#[path = "../support/mod.rs"]
mod support;

mod backup;
mod cli;
mod errors;
mod families;
mod gateway;
mod gateway_streams;
mod keys;
mod operator;
mod pause;
mod reads;
mod restarts;
mod resume;
mod shutdown;
mod start;
mod start_races;
mod start_refused;
mod start_sessions;
mod stop;
mod tls;
mod traps;
