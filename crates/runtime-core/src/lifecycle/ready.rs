//! The bounded wait for readiness: clients that ask again every two seconds learn of a quick start at once.

use std::time::Duration;

use crate::ids::SandboxId;
use crate::sandbox::Phase;
use crate::views::{View, Views};

/// Waits until the sandbox runs, or nothing can be hoped for, or `bound` is over. Answers what is known then.
///
/// # Cancel safety
/// Dropping the call leaves nothing behind.
pub(super) async fn hold(views: &Views, id: &SandboxId, bound: Duration) -> Option<View> {
    let mut news = views.subscribe(id)?;
    let settled = |view: &View| {
        let state = &view.summary.state;
        state.phase == Phase::Running || !state.is_live()
    };
    // Neither a time-out nor a sender that is gone is an error: both mean that there is no better news.
    if let Ok(Ok(view)) = tokio::time::timeout(bound, news.wait_for(settled)).await {
        return Some(view.clone());
    }
    let view = news.borrow().clone();
    Some(view)
}
