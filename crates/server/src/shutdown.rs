//! When to end: a signal of the operator's, or a core that cannot go on.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the server: SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on these signals do not kill the process but are waited for.
    ///
    /// # Errors
    /// Those of `sigaction(2)`.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one and gives its name.
    ///
    /// # Cancel safety
    /// Dropping the call loses no signal.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
