//! The gateway's way to sandboxes: [`Routes`] answered from the views, and from the store before any *not found*.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::activity::Activity;
use crate::clock::Clock;
use crate::ids::{Boot, SandboxId};
use crate::lifecycle::Lifecycle;
use crate::routes::{Route, RouteError, Routes, Standing, Why};
use crate::sandbox::{Label, Phase, Service};
use crate::views::View;

/// The time in which a lost boot is noticed.
const NOTICE: Duration = Duration::from_secs(2);

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
        // The caller found this boot dead while the record said running: the record must change first. A boot that is
        // well nevertheless, and only closed a connection, is no reason to wait for long.
        if matches!(route.standing, Standing::Running(_)) && route.boot == dead {
            let noticed = news.wait_for(|view| {
                let state = &view.summary.state;
                state.phase != Phase::Running || state.boot != dead
            });
            if tokio::time::timeout(NOTICE, noticed).await.is_err() {
                return Ok(self.lookup(label, service));
            }
        }
        let settled = |view: &View| {
            let state = &view.summary.state;
            !state.is_live() || state.phase == Phase::Running
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Version;
    use crate::sandbox::builders::record;
    use crate::sandbox::{Desired, Endpoints, Record};
    use crate::testing::{Mocks, StillClock};

    fn running(version: u64, boot: u32) -> Record {
        let mut record = record();
        record.version = Version(version);
        record.state.boot = Boot(boot);
        record.state.phase = Phase::Running;
        record.state.ran = true;
        record.state.endpoints = Some(Endpoints::from_iter([(
            Service::Agent,
            "127.0.0.1:10000".parse().unwrap(),
        )]));
        record
    }

    fn healing(version: u64, boot: u32) -> Record {
        let mut record = running(version, boot);
        record.state.phase = Phase::Starting;
        record.state.endpoints = None;
        record
    }

    fn directory() -> Directory {
        let mut mocks = Mocks::default();
        mocks.stored(&[]);
        mocks.store.expect_get().returning(|_| Ok(None));
        Directory {
            lifecycle: mocks.build().0,
            activity: Arc::default(),
            clock: Arc::new(StillClock),
        }
    }

    fn apply(directory: &Directory, record: &Record) {
        directory
            .lifecycle
            .parts
            .records
            .views
            .apply(record.summary());
    }

    async fn resolve(directory: &Directory, why: Why) -> Option<Route> {
        directory
            .resolve(&record().label, Service::Agent, why)
            .await
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_boot_is_waited_for_until_its_successor_runs() {
        let directory = directory();
        apply(&directory, &running(1, 1));
        let (route, ()) = tokio::join!(biased; resolve(&directory, Why::Dead(Boot(1))), async {
            apply(&directory, &healing(2, 2));
            tokio::time::sleep(Duration::from_secs(20)).await;
            apply(&directory, &running(3, 2));
        });
        let route = route.unwrap();
        assert_eq!(route.boot, Boot(2));
        assert!(matches!(route.standing, Standing::Running(Some(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_boot_that_is_well_after_all_is_not_waited_for_long() {
        let directory = directory();
        apply(&directory, &running(1, 1));
        let began = crate::clock::monotonic();
        let route = resolve(&directory, Why::Dead(Boot(1))).await.unwrap();
        assert_eq!(route.boot, Boot(1));
        assert_eq!(crate::clock::monotonic() - began, NOTICE);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_sandbox_that_is_to_be_paused() {
        let directory = directory();
        apply(&directory, &healing(1, 2));
        let (route, ()) = tokio::join!(biased; resolve(&directory, Why::Dead(Boot(2))), async {
            let mut paused = healing(2, 2);
            paused.state.intent.desired = Desired::Paused;
            apply(&directory, &paused);
        });
        assert_eq!(route.unwrap().standing, Standing::Paused);
    }

    #[tokio::test]
    async fn a_label_is_unknown_only_when_the_store_says_so() {
        let directory = directory();
        assert!(directory.lookup(&record().label, Service::Agent).is_none());
        assert!(resolve(&directory, Why::Missing).await.is_none());
    }
}
