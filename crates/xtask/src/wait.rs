//! The one way to wait: look again until it is so, at most as long as the bound.

use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::interrupt::Interrupt;

const PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` breaks with a value.
///
/// `look` continues with what it saw instead, which the error tells when `bound` is over.
///
/// # Errors
/// Whatever `look` fails with, an interruption, or a sentence with `what` and the last thing seen.
pub(crate) fn wait_for<T>(
    what: &str,
    bound: Duration,
    interrupt: &Interrupt,
    look: impl FnMut() -> Result<ControlFlow<T, String>>,
) -> Result<T> {
    wait_closely(what, PAUSE, bound, interrupt, look)
}

/// As [`wait_for`], looking as often as `pause` says: for times that are measured.
///
/// # Errors
/// As [`wait_for`].
pub(crate) fn wait_closely<T>(
    what: &str,
    pause: Duration,
    bound: Duration,
    interrupt: &Interrupt,
    mut look: impl FnMut() -> Result<ControlFlow<T, String>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        let seen = match look()? {
            ControlFlow::Break(value) => return Ok(value),
            ControlFlow::Continue(seen) => seen,
        };
        interrupt.check()?;
        if began.elapsed() > bound {
            bail!("waited {} s for {what}; last seen: {seen}", bound.as_secs());
        }
        thread::sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_tells_what_was_last_seen() {
        let error = wait_for::<()>("rain", Duration::ZERO, &Interrupt::never(), || {
            Ok(ControlFlow::Continue("sunshine".into()))
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "waited 0 s for rain; last seen: sunshine"
        );
    }

    #[test]
    fn a_signal_ends_the_wait() {
        let look = || Ok(ControlFlow::<(), _>::Continue(String::new()));
        let error = wait_for("rain", Duration::MAX, &Interrupt::already(), look).unwrap_err();
        assert_eq!(error.to_string(), "interrupted");
    }

    #[test]
    fn it_looks_before_it_gives_up() {
        let found = wait_for("rain", Duration::ZERO, &Interrupt::never(), || {
            Ok(ControlFlow::Break(7))
        });
        assert_eq!(found.unwrap(), 7);
    }
}
