//! This machine, as the parts of the backend share it.

use std::sync::Arc;

use runtime_core::{InstallationId, SystemClock, SystemEntropy};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cgroup::Hierarchies;
use crate::config::LocalSettings;
use crate::pid_file;
use crate::ports::PortRange;
use crate::registry::Registry;

/// Launches that are under way at once: more of them only wait for each other's processor.
const LAUNCHES: usize = 8;

/// What all parts need.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) settings: LocalSettings,
    pub(crate) registry: Arc<Registry>,
    pub(crate) ports: PortRange,
    pub(crate) hierarchies: Hierarchies,
    /// This start of the machine.
    pub(crate) machine: String,
    pub(crate) clock: SystemClock,
    pub(crate) launches: Semaphore,
    pub(crate) tasks: TaskTracker,
    /// Ends all tasks; sandboxes go on.
    pub(crate) stop: CancellationToken,
}

impl Host {
    pub(crate) fn new(settings: LocalSettings) -> Self {
        Self {
            registry: Arc::new(Registry::new()),
            ports: PortRange::new(settings.agent_ports.clone(), &SystemEntropy),
            hierarchies: Hierarchies::find(settings.installation),
            machine: pid_file::machine(),
            clock: SystemClock,
            launches: Semaphore::new(LAUNCHES),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            settings,
        }
    }

    pub(crate) fn installation(&self) -> InstallationId {
        self.settings.installation
    }
}
