//! Ctrl-C and SIGTERM as a question that every wait asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit status after a second signal, by the shell's convention for SIGINT.
const KILLED_BY_SIGINT: i32 = 130;

/// Whether we were asked to end.
///
/// The first signal lets the running step clean up after itself; the second ends this process at once.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over SIGINT and SIGTERM of this process.
    pub(crate) fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the shutdown sees what the signal before it has set.
            flag::register_conditional_shutdown(signal, KILLED_BY_SIGINT, Arc::clone(&asked))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .context("cannot listen for signals")?;
        }
        Ok(Self(asked))
    }

    /// True from the first signal on.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error once we were asked to end.
    pub(crate) fn check(&self) -> Result<()> {
        if self.asked() {
            bail!("interrupted");
        }
        Ok(())
    }

    /// One that nobody ever triggers: for cleaning up, which goes on after a signal, and for tests.
    pub(crate) fn never() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    #[cfg(test)]
    pub(crate) fn already() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}
