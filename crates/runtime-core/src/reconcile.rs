//! Keeps what is wanted: looks at one sandbox at a time, whatever woke it, and does at most one thing about it.
//!
//! Level-triggered: a wake-up says *look*, never *what to do*, so a restart, a lost notification and a normal run take
//! the same path.

mod effects;
mod observations;
mod orphans;
mod outcomes;
mod probes;
mod queue;
mod sweep;
mod watch;
mod worker;

pub(crate) use observations::Observations;
pub(crate) use orphans::Orphans;
pub(crate) use outcomes::Outcomes;
pub(crate) use probes::Probes;
pub(crate) use queue::Queue;

use std::sync::Arc;

use crate::activity::Activity;
use crate::addresses::Addresses;
use crate::agent::{Agent, Endpoint};
use crate::clock::{Clock, Timestamp};
use crate::entropy::Entropy;
use crate::ids::InstallationId;
use crate::lifecycle::Backends;
use crate::records::Records;
use crate::sandbox::{Record, Service};
use crate::settings::Settings;
use crate::tasks::Tasks;

/// What the reconciler works with.
#[derive(Debug)]
pub(crate) struct Reconciler {
    pub(crate) records: Arc<Records>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) backends: Arc<Backends>,
    pub(crate) agent: Arc<dyn Agent>,
    pub(crate) addresses: Arc<dyn Addresses>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
    pub(crate) tasks: Tasks,
    pub(crate) activity: Arc<Activity>,
    pub(crate) observations: Observations,
    pub(crate) orphans: Orphans,
    pub(crate) installation: InstallationId,
    /// When the store was born.
    pub(crate) born: Timestamp,
    pub(crate) outcomes: Outcomes,
    pub(crate) probes: Probes,
}

impl Reconciler {
    /// Starts the tasks: one watch per backend, the looks, the sweep.
    pub(crate) fn run(self: &Arc<Self>) {
        for name in self.backends.keys() {
            self.tasks
                .spawn("watch", Arc::clone(self).follow(name.clone()));
        }
        self.tasks
            .spawn("looks", Arc::clone(self).look_at_what_wakes());
        self.tasks.spawn("sweep", Arc::clone(self).sweep_for_ever());
        self.tasks
            .spawn("activity", Arc::clone(self).store_activity());
        self.tasks.spawn("hints", Arc::clone(self).follow_hints());
    }

    /// Where clients find the agent of a sandbox; where it has no address for them, where its boot listens.
    fn agent_endpoint(&self, record: &Record) -> Option<Endpoint> {
        self.addresses
            .public(&record.label, &record.state.ports, Service::Agent)
            .or_else(|| {
                let address = record.state.endpoints.as_ref()?.get(Service::Agent)?;
                Some(Endpoint::new(&format!("http://{address}")))
            })
    }
}
