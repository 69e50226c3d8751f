//! What one backend's watch has told: plain data that follows events.

use std::collections::{BTreeMap, BTreeSet};

use super::Wake;
use crate::backend::{BackendEvent, Seen, Sighting, Thing};
use crate::clock::Timestamp;
use crate::ids::{Boot, InstallationId, SandboxId};
use crate::sandbox::{AgentState, BootState, DiskState};

/// What one backend's watch has told.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// The last full listing was completed and the backend was not lost since.
    pub(super) fresh: bool,
    /// Things listed so far, while a listing is under way.
    listing: Option<BTreeSet<(SandboxId, Option<Boot>)>>,
    pub(super) sandboxes: BTreeMap<SandboxId, Known>,
}

/// What is known of one sandbox.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) boots: BTreeMap<Boot, KnownBoot>,
    pub(super) disk: DiskState,
    /// The agent's answer, and which boot gave it.
    pub(super) agent: Option<(Boot, AgentState)>,
}

#[derive(Debug)]
pub(super) struct KnownBoot {
    pub(super) state: BootState,
    pub(super) installation: Option<InstallationId>,
    pub(super) created_at: Option<Timestamp>,
}

impl Known {
    fn is_empty(&self) -> bool {
        self.boots.is_empty() && self.disk != DiskState::Present && self.agent.is_none()
    }
}

impl Watched {
    pub(super) fn apply(&mut self, event: BackendEvent) -> Wake {
        match event {
            BackendEvent::ResyncBegins => {
                self.listing = Some(BTreeSet::new());
                Wake::Nobody
            }
            BackendEvent::Exists(sighting) => {
                self.see(sighting);
                Wake::Nobody
            }
            BackendEvent::ResyncEnds => {
                if let Some(listed) = self.listing.take() {
                    self.keep_only(&listed);
                    self.fresh = true;
                }
                Wake::Everybody
            }
            BackendEvent::Changed(sighting) => {
                let id = sighting.id.clone();
                self.see(sighting);
                Wake::One(id)
            }
            BackendEvent::Gone(id, thing) => {
                self.forget(&id, thing);
                Wake::One(id)
            }
            BackendEvent::Lost => {
                self.fresh = false;
                self.listing = None;
                Wake::Nobody
            }
        }
    }

    fn see(&mut self, sighting: Sighting) {
        let known = self.sandboxes.entry(sighting.id.clone()).or_default();
        let thing = match sighting.seen {
            Seen::Boot(boot, state) => {
                let (installation, created_at) = (sighting.installation, sighting.created_at);
                known.boots.insert(
                    boot,
                    KnownBoot {
                        state,
                        installation,
                        created_at,
                    },
                );
                Some(boot)
            }
            Seen::Disk(disk) => {
                known.disk = disk;
                None
            }
        };
        if let Some(listed) = &mut self.listing {
            listed.insert((sighting.id, thing));
        }
    }

    fn forget(&mut self, id: &SandboxId, thing: Thing) {
        let Some(known) = self.sandboxes.get_mut(id) else {
            return;
        };
        match thing {
            Thing::Boot(boot) => {
                known.boots.remove(&boot);
                known.agent.take_if(|(answered, _)| *answered == boot);
            }
            Thing::Disk => known.disk = DiskState::Absent,
        }
        if known.is_empty() {
            self.sandboxes.remove(id);
        }
    }

    /// What was not listed is gone.
    fn keep_only(&mut self, listed: &BTreeSet<(SandboxId, Option<Boot>)>) {
        self.sandboxes.retain(|id, known| {
            known
                .boots
                .retain(|boot, _| listed.contains(&(id.clone(), Some(*boot))));
            if !listed.contains(&(id.clone(), None)) {
                known.disk = DiskState::Absent;
            }
            known
                .agent
                .take_if(|(boot, _)| !known.boots.contains_key(boot));
            !known.is_empty()
        });
    }
}
