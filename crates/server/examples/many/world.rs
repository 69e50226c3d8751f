//! A backend whose sandboxes are entries of a table.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};
use runtime_core::sandbox::{BootState, DiskState, Endpoints, Service, Spec};
use runtime_core::{
    BackendError, BackendEvent, Boot, Capabilities, Clock as _, ErrorClass, InstallationId,
    LaunchSpec, SandboxBackend, SandboxId, Seen, Sighting, SystemClock, Thing, Timestamp,
};
use tokio::sync::mpsc;

use crate::ledger::{Entry, Ledger};

/// Changes that may wait for the one who watches.
const CHANGES: usize = 1024;

/// A launched boot is up at once, a released one gone at once, and the disk is there until it is erased.
#[derive(Debug)]
pub(crate) struct PretendedWorld(Mutex<World>);

#[derive(Debug)]
struct World {
    ledger: Ledger,
    sandboxes: BTreeMap<SandboxId, Place>,
    watcher: Option<mpsc::Sender<BackendEvent>>,
}

/// What there is of one sandbox.
#[derive(Debug)]
struct Place {
    /// The one boot, if any: the core launches the next only when the last has gone.
    boot: Option<Boot>,
    installation: InstallationId,
    created_at: Timestamp,
}

impl PretendedWorld {
    /// The world as the file tells of it.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (ledger, entries) = Ledger::open(path)?;
        let mut world = World {
            ledger,
            sandboxes: BTreeMap::new(),
            watcher: None,
        };
        for entry in entries {
            world.apply(entry);
        }
        Ok(Self(Mutex::new(world)))
    }

    /// Held for a moment, never over an await.
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it happen, unless it is so already, and tells who watches.
    async fn happen(&self, entry: Entry) -> Result<(), BackendError> {
        let (events, watcher) = {
            let mut world = self.world();
            if world.is_so(&entry) {
                return Ok(());
            }
            world.ledger.note(&entry).map_err(|error| {
                BackendError::new(ErrorClass::Retry, "cannot note it").because(error)
            })?;
            (world.apply(entry), world.watcher.clone())
        };
        if let Some(watcher) = watcher {
            for event in events {
                // A watch that was dropped begins with everything when it is taken up again.
                watcher.send(event).await.ok();
            }
        }
        Ok(())
    }
}

impl World {
    fn is_so(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Launched { id, boot, .. } => self.boot(id) == Some(*boot),
            Entry::Released { id, boot } => self.boot(id) != Some(*boot),
            Entry::Erased { id } => !self.sandboxes.contains_key(id),
        }
    }

    fn boot(&self, id: &SandboxId) -> Option<Boot> {
        self.sandboxes.get(id)?.boot
    }

    /// Changes the table and says what is to be seen of it.
    fn apply(&mut self, entry: Entry) -> Vec<BackendEvent> {
        match entry {
            Entry::Launched {
                id,
                boot,
                installation,
                at,
            } => {
                let place = Place {
                    boot: Some(boot),
                    installation,
                    created_at: at,
                };
                let seen = place.sightings(&id).map(BackendEvent::Changed).collect();
                self.sandboxes.insert(id, place);
                seen
            }
            Entry::Released { id, boot } => {
                if let Some(place) = self.sandboxes.get_mut(&id) {
                    place.boot = None;
                }
                vec![BackendEvent::Gone(id, Thing::Boot(boot))]
            }
            Entry::Erased { id } => {
                self.sandboxes.remove(&id);
                vec![BackendEvent::Gone(id, Thing::Disk)]
            }
        }
    }
}

impl Place {
    fn sightings(&self, id: &SandboxId) -> impl Iterator<Item = Sighting> {
        let boot = self.boot.map(|boot| Seen::Boot(boot, up()));
        let disk = Seen::Disk(DiskState::Present);
        boot.into_iter().chain([disk]).map(|seen| Sighting {
            id: id.clone(),
            installation: Some(self.installation),
            created_at: Some(self.created_at),
            seen,
        })
    }
}

/// It runs at an address where nobody listens, for nobody calls.
fn up() -> BootState {
    let nowhere = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1);
    BootState::Up {
        endpoints: Endpoints::from_iter([(Service::Agent, nowhere)]),
    }
}

#[async_trait]
impl SandboxBackend for PretendedWorld {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            keeps_disk: true,
            ..Capabilities::default()
        }
    }

    fn check(&self, _spec: &Spec) -> Result<(), BackendError> {
        Ok(())
    }

    async fn launch(&self, boot: &LaunchSpec) -> Result<(), BackendError> {
        let launched = Entry::Launched {
            id: boot.id().clone(),
            boot: boot.boot,
            installation: boot.installation,
            at: SystemClock.now(),
        };
        self.happen(launched).await
    }

    async fn release(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError> {
        let id = id.clone();
        self.happen(Entry::Released { id, boot }).await
    }

    async fn freeze(&self, _id: &SandboxId, _boot: Boot) -> Result<(), BackendError> {
        Err(BackendError::new(ErrorClass::Refused, "nothing freezes"))
    }

    async fn thaw(&self, _id: &SandboxId, _boot: Boot) -> Result<(), BackendError> {
        Err(BackendError::new(ErrorClass::Gone, "nothing is frozen"))
    }

    async fn erase(&self, id: &SandboxId) -> Result<(), BackendError> {
        self.happen(Entry::Erased { id: id.clone() }).await
    }

    fn watch(&self) -> BoxStream<'static, BackendEvent> {
        let (sender, changes) = mpsc::channel(CHANGES);
        // Listed and watched under one lock, so that no change falls between.
        let mut world = self.world();
        let existing: Vec<Sighting> = world
            .sandboxes
            .iter()
            .flat_map(|(id, place)| place.sightings(id))
            .collect();
        world.watcher = Some(sender);
        let listing = stream::iter(existing).map(BackendEvent::Exists);
        let changes = stream::unfold(changes, async |mut changes| {
            Some((changes.recv().await?, changes))
        });
        stream::iter([BackendEvent::ResyncBegins])
            .chain(listing)
            .chain(stream::iter([BackendEvent::ResyncEnds]))
            .chain(changes)
            .boxed()
    }

    async fn logs(
        &self,
        _id: &SandboxId,
        _boot: Boot,
        _bytes: u64,
    ) -> Result<String, BackendError> {
        Err(BackendError::new(ErrorClass::Gone, "nothing writes"))
    }
}
