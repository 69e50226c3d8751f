//! What goes wrong around the server: killed processes, full and broken disks, ports that others take. Nothing that was
//! acknowledged may be lost, nothing may run that no record knows, and each trouble has its sentence.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failed check panics; a test that cannot run here says why"
)]

#[path = "../support/mod.rs"]
mod support;

mod beginning;
mod database;
mod kill_nine;
mod kill_nine_anywhere;
mod mount;
mod ports;
mod processes;
mod workspace;
