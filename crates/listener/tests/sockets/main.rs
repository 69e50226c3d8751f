//! Listeners on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a failed check panics"
)]

mod drain;
mod http;
mod limits;
mod log;
mod proxy;
mod support;
mod tls;
