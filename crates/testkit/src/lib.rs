//! What every backend and every store must pass: for each sentence of the traits of [`runtime_core`], named checks that
//! show that an implementation keeps it.
//!
//! A crate with a backend or a store tells in `tests/conformance.rs` (with `harness = false`) how one is made, and gets
//! its trials, run and counted like any other tests:
//!
//! - a [`StateStore`](runtime_core::StateStore): a [`Factory`] of [`Place`]s, and [`store::trials`];
//! - an [`AdminStore`](runtime_core::AdminStore): the same, and [`admin::trials`];
//! - a [`SandboxBackend`](runtime_core::SandboxBackend): a [`backend::Platform`], and [`backend::trials`].
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use runtime_core::StateStore;
//! use testkit::Factory;
//!
//! fn conformance(stores: impl Factory<dyn StateStore>) -> ExitCode {
//!     testkit::run(testkit::store::trials(stores))
//! }
//! ```
//!
//! A check that does not apply, such as freezing where a backend cannot freeze, is listed as ignored with its reason.
//! Which sentence each check stands for is told by [`Check::promise`]; a test of this crate compares the list with the
//! sources of the traits, so that a new sentence without a check is noticed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed check panics"
)]

pub mod admin;
pub mod backend;
pub mod builders;
mod check;
mod place;
pub mod store;

pub use check::{Check, Failed, run};
pub use place::{Factory, Place};
