//! The core put together: give it a store, backends and the rest of the world, and it keeps what clients want.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use crate::activity::Activity;
use crate::addresses::Addresses;
use crate::agent::Agent;
use crate::backend::{Bounded, SandboxBackend};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::ids::BackendName;
use crate::lifecycle::{Lifecycle, LifecycleParts, Turns};
use crate::reconcile::{Observations, Orphans, Outcomes, Probes, Queue, Reconciler};
use crate::records::Records;
use crate::routes::Routes;
use crate::settings::Settings;
use crate::store::StateStore;
use crate::tasks::Tasks;
use crate::views::{Render, Views};

/// The world that a core lives in.
#[derive(Debug)]
pub struct Parts {
    /// The durable records.
    pub store: Arc<dyn StateStore>,
    /// What runs sandboxes; the first takes new ones.
    pub backends: BTreeMap<BackendName, Arc<dyn SandboxBackend>>,
    /// How agents are asked.
    pub agent: Arc<dyn Agent>,
    /// Where clients find sandboxes.
    pub addresses: Arc<dyn Addresses>,
    /// How sandboxes are written for clients.
    pub render: Arc<dyn Render>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where keys come from.
    pub entropy: Arc<dyn Entropy>,
    /// The figures.
    pub settings: Settings,
}

/// How the core is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether each backend's observations can be relied on.
    pub backends: BTreeMap<BackendName, bool>,
    /// Sandboxes that are not stopped.
    pub unfinished: usize,
    /// Live sandboxes.
    pub live: usize,
    /// Boots without a record, seen by the last sweep.
    pub orphan_boots: usize,
    /// Disks without a record, seen by the last sweep.
    pub orphan_disks: usize,
}

/// A running core. Dropping it stops nothing; call [`shutdown`](Self::shutdown).
pub struct Core {
    lifecycle: Lifecycle,
    reconciler: Arc<Reconciler>,
    routes: Arc<Directory>,
    tasks: Tasks,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Reads what is stored, answers at the addresses of old again, and begins to keep what is wanted. Must be called
    /// within a tokio runtime with time.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read.
    pub async fn start(parts: Parts) -> Result<Self, Error> {
        let (installation, born) = parts.store.installation().await?;
        let records = Arc::new(Records {
            store: parts.store,
            views: Views::new(parts.render),
        });
        records.refresh().await?;
        for view in records.views.all() {
            parts
                .addresses
                .restore(&view.summary.label, &view.summary.state.ports);
        }
        let tasks = Tasks::default();
        let queue = Arc::new(Queue::default());
        let activity = Arc::new(Activity::default());
        let backends: BTreeMap<_, _> = parts
            .backends
            .into_iter()
            .map(|(name, backend)| (name, Bounded(backend)))
            .collect();
        let backends = Arc::new(backends);
        let lifecycle = Lifecycle {
            parts: Arc::new(LifecycleParts {
                records: Arc::clone(&records),
                queue: Arc::clone(&queue),
                backends: Arc::clone(&backends),
                addresses: Arc::clone(&parts.addresses),
                clock: Arc::clone(&parts.clock),
                entropy: Arc::clone(&parts.entropy),
                settings: parts.settings.clone(),
                tasks: tasks.clone(),
                turns: Turns::default(),
            }),
        };
        let routes = Arc::new(Directory {
            lifecycle: lifecycle.clone(),
            activity: Arc::clone(&activity),
            clock: Arc::clone(&parts.clock),
        });
        let reconciler = Arc::new(Reconciler {
            observations: Observations::new(backends.keys().cloned()),
            orphans: Orphans::default(),
            outcomes: Outcomes::default(),
            probes: Probes::default(),
            records,
            queue,
            backends,
            agent: parts.agent,
            addresses: parts.addresses,
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            tasks: tasks.clone(),
            activity,
            installation,
            born,
        });
        reconciler.run();
        Ok(Self {
            lifecycle,
            reconciler,
            routes,
            tasks,
        })
    }

    /// The use cases.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// The gateway's way to sandboxes.
    pub fn routes(&self) -> Arc<dyn Routes> {
        Arc::clone(&self.routes) as Arc<dyn Routes>
    }

    /// How the core is, from memory.
    pub fn health(&self) -> Health {
        let counts = self.reconciler.records.views.counts();
        Health {
            backends: self.reconciler.observations.fresh(),
            unfinished: counts.unfinished,
            live: counts.live,
            orphan_boots: self.reconciler.orphans.boots.load(Ordering::Relaxed),
            orphan_disks: self.reconciler.orphans.disks.load(Ordering::Relaxed),
        }
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// [`Error::Store`] when it does not.
    pub async fn store_answers(&self) -> Result<(), Error> {
        self.reconciler.records.store.installation().await?;
        Ok(())
    }

    /// Cancelled when a task panicked: the promises are not kept any more, so the process should end and start again.
    pub fn failed(&self) -> CancellationToken {
        self.tasks.failed()
    }

    /// Stops looking and waits for what is under way. Sandboxes go on.
    pub async fn shutdown(&self) {
        self.tasks.shutdown().await;
    }
}
