//! Following the backends' watches, and the store's hints.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::Reconciler;
use super::observations::Wake;
use crate::backend::{BackendEvent, SandboxBackend};
use crate::ids::BackendName;

/// Pause before a watch that ended is taken up again.
const PAUSE: Duration = Duration::from_secs(1);

impl Reconciler {
    /// Feeds the observations from one backend's watch, for ever.
    pub(super) async fn follow(self: Arc<Self>, name: BackendName) {
        let Some(backend) = self.backends.get(&name) else {
            return;
        };
        loop {
            let mut events = backend.watch();
            while let Some(event) = events.next().await {
                if event == BackendEvent::Lost {
                    tracing::warn!(backend = %name, "the backend cannot be reached; nothing changes until it can");
                }
                match self.observations.apply(&name, event) {
                    Wake::Nobody => {}
                    Wake::One(id) => self.queue.push(&id),
                    Wake::Everybody => self.look_at_everything(&name).await,
                }
            }
            self.observations.apply(&name, BackendEvent::Lost);
            tracing::warn!(backend = %name, "the backend's watch ended; it is taken up again");
            tokio::time::sleep(self.entropy.jitter(PAUSE)).await;
        }
    }

    /// After a listing: records whose compute is gone, and compute without a record.
    async fn look_at_everything(&self, name: &BackendName) {
        for id in self.records.views.ids() {
            self.queue.push(&id);
        }
        self.look_for_orphans(name).await;
    }

    /// Looks at what other processes wrote.
    pub(super) async fn follow_hints(self: Arc<Self>) {
        let mut hints = self.records.store.hints();
        while hints.next().await.is_some() {
            if let Err(error) = self.records.refresh().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot read what changed"
                );
            }
        }
    }
}
