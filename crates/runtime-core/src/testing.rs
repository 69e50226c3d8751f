//! A core around mocks, for this crate's tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::activity::Activity;
use crate::addresses::MockAddresses;
use crate::agent::{Endpoint, MockAgent};
use crate::backend::{Bounded, Capabilities, MockSandboxBackend};
use crate::clock::{Clock, Timestamp};
use crate::entropy::SystemEntropy;
use crate::ids::InstallationId;
use crate::lifecycle::{Lifecycle, LifecycleParts, Turns};
use crate::reconcile::{Observations, Orphans, Outcomes, Probes, Queue, Reconciler};
use crate::records::Records;
use crate::sandbox::{GatewayPorts, Record, Service, Summary};
use crate::settings::Settings;
use crate::store::{Changes, Cursor, MockStateStore};
use crate::tasks::Tasks;
use crate::views::{Render, Views};

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000)
    }
}

/// Writes the id and the version.
#[derive(Debug)]
pub(crate) struct ShortRender;

impl Render for ShortRender {
    fn render(&self, summary: &Summary) -> Arc<str> {
        format!("{}@{}", summary.id, summary.version.0).into()
    }

    fn part(&self, fragments: &[&str]) -> Arc<str> {
        fragments.join(",").into()
    }
}

/// The mocks that a test sets up.
pub(crate) struct Mocks {
    pub(crate) store: MockStateStore,
    pub(crate) backend: MockSandboxBackend,
    pub(crate) addresses: MockAddresses,
    pub(crate) agent: MockAgent,
    pub(crate) settings: Settings,
}

impl Default for Mocks {
    /// A store without changes, a backend that takes every spec, port 20000 for everybody.
    fn default() -> Self {
        let mut backend = MockSandboxBackend::new();
        backend.expect_check().returning(|_| Ok(()));
        backend
            .expect_capabilities()
            .returning(Capabilities::default);
        let mut addresses = MockAddresses::new();
        addresses
            .expect_reserve()
            .returning(|_| Ok(GatewayPorts::from([(Service::Agent, 20_000)])));
        addresses
            .expect_public()
            .returning(|_, _, _| Some(Endpoint::new("http://127.0.0.1:20000")));
        addresses.expect_trouble().returning(|_| None);
        Self {
            store: MockStateStore::new(),
            backend,
            addresses,
            agent: MockAgent::new(),
            settings: Settings {
                hold: Duration::ZERO,
                ..Settings::default()
            },
        }
    }
}

impl Mocks {
    /// The store tells of these records once, and of nothing afterwards.
    pub(crate) fn stored(&mut self, records: &[Record]) {
        let mut summaries: Vec<Summary> = records.iter().map(Record::summary).collect();
        self.store.expect_changes().returning(move |_| {
            Ok(Changes {
                changed: std::mem::take(&mut summaries),
                cursor: Cursor::default(),
            })
        });
    }

    /// The use cases and the reconciler over these mocks. No task of the reconciler runs.
    pub(crate) fn build(self) -> (Lifecycle, Arc<Reconciler>) {
        let records = Arc::new(Records {
            store: Arc::new(self.store),
            views: Views::new(Arc::new(ShortRender)),
        });
        let queue = Arc::new(Queue::default());
        let local = "local".parse().unwrap();
        let backends = Arc::new(BTreeMap::from([(local, Bounded(Arc::new(self.backend)))]));
        let addresses: Arc<dyn crate::addresses::Addresses> = Arc::new(self.addresses);
        let tasks = Tasks::default();
        let lifecycle = Lifecycle {
            parts: Arc::new(LifecycleParts {
                records: Arc::clone(&records),
                queue: Arc::clone(&queue),
                backends: Arc::clone(&backends),
                addresses: Arc::clone(&addresses),
                clock: Arc::new(StillClock),
                entropy: Arc::new(SystemEntropy),
                settings: self.settings.clone(),
                tasks: tasks.clone(),
                turns: Turns::default(),
            }),
        };
        let reconciler = Arc::new(Reconciler {
            observations: Observations::new(backends.keys().cloned()),
            orphans: Orphans::default(),
            outcomes: Outcomes::default(),
            probes: Probes::default(),
            records,
            queue,
            backends,
            agent: Arc::new(self.agent),
            addresses,
            clock: Arc::new(StillClock),
            entropy: Arc::new(SystemEntropy),
            settings: self.settings,
            tasks,
            activity: Arc::new(Activity::default()),
            installation: InstallationId(Uuid::nil()),
            born: Timestamp::from_millis(0),
        });
        (lifecycle, reconciler)
    }
}
