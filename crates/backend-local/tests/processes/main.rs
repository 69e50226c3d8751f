//! The backend with real shims and real programs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failed check panics, and a skip says why"
)]

mod end;
mod life;
mod limits;
mod refused;
mod restart;
mod world;
