//! Monotonic time; tokio's, so that a paused test clock governs it.

use tokio::time::Instant;

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks; a paused test clock governs the answer"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
