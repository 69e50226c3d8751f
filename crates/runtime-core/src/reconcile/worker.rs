//! One look at one sandbox: read, decide, write, do one thing.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Reconciler;
use crate::backend::{Bounded, SandboxBackend};
use crate::ids::SandboxId;
use crate::sandbox::{Observation, PauseMode, Phase, Policy, Record, step};
use crate::store::{Admit, StoreError, Updated};

impl Reconciler {
    /// Looks at whatever wakes, a bounded number side by side.
    pub(super) async fn look_at_what_wakes(self: Arc<Self>) {
        let room = Arc::new(Semaphore::new(self.settings.looks));
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let id = self.queue.take().await;
            let reconciler = Arc::clone(&self);
            self.tasks.spawn("look", async move {
                let _place = place;
                if let Err(error) = reconciler.look(&id).await {
                    tracing::warn!(
                        sandbox.id = %id, error = &error as &dyn std::error::Error, "cannot look at a sandbox"
                    );
                    let again = reconciler.entropy.jitter(2 * reconciler.settings.retry);
                    reconciler.queue.push_after(&id, again);
                }
                reconciler.queue.done(&id);
            });
        }
    }

    async fn look(self: &Arc<Self>, id: &SandboxId) -> Result<(), StoreError> {
        let Some(mut record) = self.records.store.get(id).await? else {
            self.forget(id);
            return Ok(());
        };
        let Some(backend) = self.backends.get(&record.backend) else {
            tracing::warn!(
                sandbox.id = %id, backend = %record.backend, "the backend of a sandbox is not configured any more"
            );
            return Ok(());
        };
        let mut seen = self.observations.of(&record.backend, id, record.state.boot);
        seen.obstacle = self.addresses.trouble(&record.state.ports);
        let last = self.outcomes.last(id);
        let now = self.clock.now();
        let policy = self.policy_for(backend);
        let decision = step(&record, &seen, last.as_ref(), now, &policy);
        if let Some(mut next) = decision.next {
            match self
                .records
                .update(&mut next, &decision.events, Admit::Always)
                .await?
            {
                Updated::Yes(_) => {
                    self.moved(&record, &next);
                    record = next;
                }
                Updated::Stale(_) => {
                    // Somebody was faster: look again, decide anew.
                    self.queue.push(id);
                    return Ok(());
                }
                Updated::Missing => {
                    self.forget(id);
                    return Ok(());
                }
                // An update that makes nothing live is never over a quota.
                Updated::OverQuota { .. } => return Ok(()),
            }
        } else {
            // It may have been written by another process.
            self.records.views.apply(record.summary());
        }
        self.follow_up(&record, &seen);
        if let Some(effect) = decision.effect {
            self.perform(&record, backend, effect).await;
        }
        if let Some(at) = decision.look_again {
            self.queue.push_after(id, at.since(now));
        }
        Ok(())
    }

    /// A backend that cannot freeze releases instead.
    fn policy_for(&self, backend: &Bounded) -> Cow<'_, Policy> {
        let policy = &self.settings.policy;
        if policy.pause == PauseMode::Freeze && !backend.capabilities().freezes {
            return Cow::Owned(Policy {
                pause: PauseMode::Release,
                ..policy.clone()
            });
        }
        Cow::Borrowed(policy)
    }

    /// What a decided record means for the tasks and addresses beside it.
    fn follow_up(self: &Arc<Self>, record: &Record, seen: &Observation) {
        self.keep_asking(record, seen);
        if record.state.phase == Phase::Stopped {
            self.addresses.release(&record.label, &record.state.ports);
            if seen.boots.is_empty() {
                self.outcomes.forget(&record.id);
            }
        }
    }

    fn forget(&self, id: &SandboxId) {
        self.outcomes.forget(id);
        self.probes.end(id);
    }

    fn moved(&self, from: &Record, to: &Record) {
        let (before, after) = (from.state.phase, to.state.phase);
        if before == after && from.state.boot == to.state.boot {
            return;
        }
        let why = to.state.failure.as_ref().map(|failure| &failure.reason);
        let why = why
            .or(to.state.restarts.last().map(|restart| &restart.reason))
            .map(|reason| reason.message.as_str());
        if after == Phase::Failed || from.state.boot != to.state.boot && before != Phase::Paused {
            tracing::warn!(
                sandbox.id = %to.id, session.id = %to.session, tenant.id = %to.tenant, boot = to.state.boot.0,
                from = before.as_str(), phase = after.as_str(), reason = why, "a sandbox was lost or failed"
            );
        } else {
            tracing::info!(
                sandbox.id = %to.id, session.id = %to.session, tenant.id = %to.tenant, boot = to.state.boot.0,
                from = before.as_str(), phase = after.as_str(), "a sandbox moved"
            );
        }
        if after == Phase::Running {
            let took = self.clock.now().since(to.state.boot_since);
            metrics::histogram!("sandbox_start_seconds").record(took.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests;
