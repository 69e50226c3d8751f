//! The gateway's way to sandboxes: [`Routes`] answered from the views, and from the store before any *not found*.

use std::sync::Arc;

use async_trait::async_trait;

use crate::activity::Activity;
use crate::clock::Clock;
use crate::ids::{Boot, SandboxId};
use crate::lifecycle::Lifecycle;
use crate::routes::{Route, RouteError, Routes, Standing, Why};
use crate::sandbox::{Label, Phase, Service};
use crate::views::View;

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) activity: Arc<Activity>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Routes for Directory {
    fn lookup(&self, label: &Label, service: Service) -> Option<Route> {
        self.lifecycle.parts.records.views.route(label, service)
    }

    async fn resolve(
        &self,
        label: &Label,
        service: Service,
        why: Why,
    ) -> Result<Option<Route>, RouteError> {
        match why {
            Why::Missing => self.look_up(label, service).await,
            Why::Dead(boot) => self.successor(label, service, boot).await,
            Why::Asleep => self.wake(label, service).await,
        }
    }

    fn note_activity(&self, id: &SandboxId) {
        self.activity.note(id, self.clock.now());
    }
}

impl Directory {
    /// Asks the store: the sandbox may be a second old and made by another process, or stopped.
    async fn look_up(&self, label: &Label, service: Service) -> Result<Option<Route>, RouteError> {
        let records = &self.lifecycle.parts.records;
        records.refresh().await.map_err(unanswered)?;
        if let Some(route) = self.lookup(label, service) {
            return Ok(Some(route));
        }
        let stored = records.store.get(label).await.map_err(unanswered)?;
        Ok(stored.map(|record| Route {
            id: record.id,
            boot: record.state.boot,
            standing: Standing::Stopped,
            left: Default::default(),
        }))
    }

    /// Waits until `dead` is no longer the running boot and another runs, or nothing can be hoped for.
    async fn successor(
        &self,
        label: &Label,
        service: Service,
        dead: Boot,
    ) -> Result<Option<Route>, RouteError> {
        let Some(route) = self.lookup(label, service) else {
            return self.look_up(label, service).await;
        };
        let parts = &self.lifecycle.parts;
        parts.queue.push(&route.id);
        let Some(mut news) = parts.records.views.subscribe(&route.id) else {
            return self.look_up(label, service).await;
        };
        // The caller found this boot dead while the record said running: the record must change first.
        let stale = matches!(route.standing, Standing::Running(_)) && route.boot == dead;
        let settled = |view: &View| {
            let state = &view.summary.state;
            let coming = state.is_live() && state.phase != Phase::Running;
            let still_dead = stale && state.phase == Phase::Running && state.boot == dead;
            !coming && !still_dead
        };
        // An error means that the sandbox was stopped meanwhile, which the look-up tells.
        let _stopped = news.wait_for(settled).await.is_err();
        match self.lookup(label, service) {
            Some(route) => Ok(Some(route)),
            None => self.look_up(label, service).await,
        }
    }

    /// Commits the wake of a sandbox that a policy paused, and waits for it. One that was paused by request stays paused.
    async fn wake(&self, label: &Label, service: Service) -> Result<Option<Route>, RouteError> {
        let Some(view) = self.lifecycle.parts.records.views.get(label) else {
            return self.look_up(label, service).await;
        };
        let woken = self
            .lifecycle
            .wake(&view.summary.tenant, view.summary.id.as_str())
            .await;
        if woken.map_err(|_error| RouteError)? {
            return self
                .successor(label, service, view.summary.state.boot)
                .await;
        }
        Ok(self.lookup(label, service))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn unanswered(error: crate::store::StoreError) -> RouteError {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "cannot look a sandbox up for the gateway"
    );
    RouteError
}
