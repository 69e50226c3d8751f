//! The store on real files: every promise of the trait, the writer's groups, and what happens when disks and files are
//! not as they should be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failed check panics, a skip prints why"
)]

mod admin;
mod backup;
mod changes;
mod documents;
mod faults;
mod groups;
mod inserts;
mod limits;
mod opening;
mod replacing;
mod sealing;
mod setup;
mod survival;
mod updates;
mod upkeep;
