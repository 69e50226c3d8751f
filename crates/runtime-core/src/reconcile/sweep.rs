//! The slow full pass: every sandbox is looked at once in a while, whatever was missed; old records go; activity is
//! stored.

use std::sync::Arc;
use std::time::Duration;

use super::Reconciler;
use crate::clock::Timestamp;

/// Looks that a sweep wakes at once; the next follow after their share of the interval.
const BATCH: usize = 100;
/// Records that one sweep forgets at most.
const PURGED: u32 = 1000;
/// How often activity is stored.
const ACTIVITY: Duration = Duration::from_secs(10);

impl Reconciler {
    pub(super) async fn sweep_for_ever(self: Arc<Self>) {
        loop {
            let ids = self.records.views.ids();
            let batches = u32::try_from(ids.len().div_ceil(BATCH))
                .unwrap_or(u32::MAX)
                .max(1);
            let pause = self.settings.sweep / batches;
            for batch in ids.chunks(BATCH) {
                tokio::time::sleep(pause).await;
                for id in batch {
                    self.queue.push(id);
                }
            }
            if ids.is_empty() {
                tokio::time::sleep(pause).await;
            }
            for name in self.backends.keys() {
                self.look_for_orphans(name).await;
            }
            self.purge().await;
        }
    }

    /// Forgets stopped sandboxes whose time is over.
    async fn purge(&self) {
        let history = i64::try_from(self.settings.history.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(self.clock.now().as_millis().saturating_sub(history));
        match self.records.store.purge(before, PURGED).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old records were forgotten"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot forget old records"
                );
            }
        }
    }

    pub(super) async fn store_activity(self: Arc<Self>) {
        loop {
            tokio::time::sleep(ACTIVITY).await;
            let seen = self.activity.take();
            if seen.is_empty() {
                continue;
            }
            if let Err(error) = self.records.store.touch(&seen).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot store activity; it is kept"
                );
                self.activity.give_back(seen);
            }
        }
    }
}
