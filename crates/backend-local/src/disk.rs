//! Disks that somebody else removes are noticed, by looking now and then.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runtime_core::sandbox::DiskState;
use tokio::time::MissedTickBehavior;

use crate::registry::Registry;
use crate::workspace::SandboxDir;

/// Looks at every sandbox's workspace each `period`, for ever.
///
/// # Cancel safety
/// Nothing is left behind.
pub(crate) async fn keep_looking(registry: Arc<Registry>, root: PathBuf, period: Duration) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (registry, root) = (Arc::clone(&registry), root.clone());
        let look = tokio::task::spawn_blocking(move || {
            for id in registry.with_disk() {
                let has_disk = SandboxDir::new(&root, &id).has_disk();
                let disk = if has_disk {
                    DiskState::Present
                } else {
                    DiskState::Absent
                };
                registry.set_disk(&id, disk);
            }
        });
        if look.await.is_err() {
            tracing::error!("looking at the disks of sandboxes failed");
        }
    }
}
