//! The contract over HTTP, against the real binary with the tiny program in its sandboxes. `T…` names the line of the
//! contract's list of traps (§10) that a test holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

#[path = "../support/mod.rs"]
mod support;

mod cli;
mod errors;
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
