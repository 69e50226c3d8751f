//! What the tests on the real binary share: a server on a directory of its own, a client, and a look at the processes
//! that its sandboxes are.
//!
//! Nothing here knows the server's code: it is seen as clients, operators and the kernel see it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a failed check panics, the clock is the machine's, and each test binary uses its part"
)]

mod calls;
pub(crate) mod http;
pub(crate) mod ports;
pub(crate) mod processes;
pub(crate) mod runtime;
pub(crate) mod server;
pub(crate) mod setup;
pub(crate) mod socket;
pub(crate) mod wait;
