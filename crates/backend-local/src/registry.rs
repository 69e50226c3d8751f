//! What is known of all sandboxes now, and the news of it. Plain data behind one lock: files and processes are others'
//! work, and what is here is made again from them after a restart.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime_core::sandbox::{BootState, DiskState};
use runtime_core::{BackendEvent, Boot, SandboxId, Seen, Sighting, Thing, Timestamp};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::observe;
use crate::pid_file::{LaunchFile, SandboxFile};

/// News that a slow listener may be behind before it gets a whole listing instead.
const NEWS: usize = 4096;

/// What is known.
#[derive(Debug)]
pub(crate) struct Registry {
    sandboxes: Mutex<BTreeMap<SandboxId, Known>>,
    news: broadcast::Sender<BackendEvent>,
}

#[derive(Debug)]
struct Known {
    about: Option<SandboxFile>,
    disk: DiskState,
    boots: BTreeMap<Boot, KnownBoot>,
    erasing: bool,
}

#[derive(Debug)]
struct KnownBoot {
    state: BootState,
    created_at: Timestamp,
    leave: CancellationToken,
}

/// What became of the wish to make a boot.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The caller makes it; the token says when it is to leave.
    Ours(CancellationToken),
    /// It exists.
    Exists,
    /// Its sandbox is being erased.
    Erasing,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            sandboxes: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SandboxId, Known>> {
        // Every change is one assignment, so what a panicking thread left is whole.
        self.sandboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the listeners. Called under the lock, so that news come in the order of the changes.
    fn tell(&self, event: BackendEvent) {
        // Without a listener there is nobody to tell.
        self.news.send(event).ok();
    }

    /// A sandbox that was found.
    pub(crate) fn found(&self, id: &SandboxId, about: Option<SandboxFile>, disk: DiskState) {
        let mut sandboxes = self.lock();
        let known = sandboxes.entry(id.clone()).or_insert_with(Known::nothing);
        known.about = about;
        known.disk = disk;
    }

    /// A boot that was found.
    pub(crate) fn adopt(&self, launch: &LaunchFile, state: BootState, leave: CancellationToken) {
        let mut sandboxes = self.lock();
        let known = sandboxes
            .entry(launch.id.clone())
            .or_insert_with(Known::nothing);
        let boot = KnownBoot {
            state,
            created_at: launch.created_at,
            leave,
        };
        known.boots.insert(launch.boot, boot);
    }

    /// Takes the place of a boot, so that one launch makes it and no erasure goes on meanwhile.
    pub(crate) fn claim(&self, id: &SandboxId, boot: Boot, about: &SandboxFile) -> Claim {
        let mut sandboxes = self.lock();
        let known = sandboxes.entry(id.clone()).or_insert_with(Known::nothing);
        if known.erasing {
            return Claim::Erasing;
        }
        if known.boots.contains_key(&boot) {
            return Claim::Exists;
        }
        known.about.get_or_insert_with(|| about.clone());
        let leave = CancellationToken::new();
        let new = KnownBoot {
            state: observe::booting(),
            created_at: about.created_at,
            leave: leave.clone(),
        };
        let event = BackendEvent::Changed(new.sighting(id, boot, known.about.as_ref()));
        known.boots.insert(boot, new);
        self.tell(event);
        Claim::Ours(leave)
    }

    /// A boot in a new state. One that leaves goes on leaving until it ended.
    pub(crate) fn set_boot(&self, id: &SandboxId, boot: Boot, state: BootState) {
        let mut sandboxes = self.lock();
        let Some(known) = sandboxes.get_mut(id) else {
            return;
        };
        let Some(entry) = known.boots.get_mut(&boot) else {
            return;
        };
        let is_there = matches!(state, BootState::Up { .. } | BootState::Booting { .. });
        entry.state = if is_there && entry.leave.is_cancelled() {
            observe::leaving()
        } else {
            state
        };
        self.tell(BackendEvent::Changed(entry.sighting(
            id,
            boot,
            known.about.as_ref(),
        )));
    }

    /// Tells a boot to leave; whether there is one.
    pub(crate) fn leave(&self, id: &SandboxId, boot: Boot) -> bool {
        let mut sandboxes = self.lock();
        let Some(known) = sandboxes.get_mut(id) else {
            return false;
        };
        let Some(entry) = known.boots.get_mut(&boot) else {
            return false;
        };
        if !entry.leave.is_cancelled() {
            entry.leave.cancel();
            if !matches!(entry.state, BootState::Exited { .. }) {
                entry.state = observe::leaving();
                self.tell(BackendEvent::Changed(entry.sighting(
                    id,
                    boot,
                    known.about.as_ref(),
                )));
            }
        }
        true
    }

    /// A boot of which nothing is left.
    pub(crate) fn boot_gone(&self, id: &SandboxId, boot: Boot) {
        let mut sandboxes = self.lock();
        let Some(known) = sandboxes.get_mut(id) else {
            return;
        };
        if known.boots.remove(&boot).is_some() {
            self.tell(BackendEvent::Gone(id.clone(), Thing::Boot(boot)));
        }
        if known.boots.is_empty() && known.disk == DiskState::Unknown && !known.erasing {
            sandboxes.remove(id);
        }
    }

    /// The disk, if that is news.
    pub(crate) fn set_disk(&self, id: &SandboxId, disk: DiskState) {
        let mut sandboxes = self.lock();
        let Some(known) = sandboxes.get_mut(id) else {
            return;
        };
        if known.erasing || known.disk == disk {
            return;
        }
        known.disk = disk;
        self.tell(BackendEvent::Changed(known.disk_sighting(id)));
    }

    /// Sandboxes whose disk is known to be there or to be lost.
    pub(crate) fn with_disk(&self) -> Vec<SandboxId> {
        let sandboxes = self.lock();
        sandboxes
            .iter()
            .filter(|(_, known)| known.disk != DiskState::Unknown && !known.erasing)
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Keeps new boots out while a sandbox is erased; false while it has boots.
    pub(crate) fn begin_erasing(&self, id: &SandboxId) -> bool {
        let mut sandboxes = self.lock();
        let known = sandboxes.entry(id.clone()).or_insert_with(Known::nothing);
        if known.boots.is_empty() {
            known.erasing = true;
        }
        known.boots.is_empty()
    }

    /// Lets boots in again, because the sandbox could not be erased.
    pub(crate) fn erasing_failed(&self, id: &SandboxId) {
        if let Some(known) = self.lock().get_mut(id) {
            known.erasing = false;
        }
    }

    /// A sandbox of which nothing is left.
    pub(crate) fn erased(&self, id: &SandboxId) {
        let mut sandboxes = self.lock();
        sandboxes.remove(id);
        self.tell(BackendEvent::Gone(id.clone(), Thing::Disk));
    }

    /// All that is known, and everything new from then on.
    pub(crate) fn listen(&self) -> (Vec<Sighting>, broadcast::Receiver<BackendEvent>) {
        let sandboxes = self.lock();
        let mut all = Vec::new();
        for (id, known) in sandboxes.iter() {
            if known.disk != DiskState::Unknown {
                all.push(known.disk_sighting(id));
            }
            let about = known.about.as_ref();
            all.extend(
                known
                    .boots
                    .iter()
                    .map(|(boot, entry)| entry.sighting(id, *boot, about)),
            );
        }
        (all, self.news.subscribe())
    }
}

impl Known {
    const fn nothing() -> Self {
        Self {
            about: None,
            disk: DiskState::Unknown,
            boots: BTreeMap::new(),
            erasing: false,
        }
    }

    fn disk_sighting(&self, id: &SandboxId) -> Sighting {
        Sighting {
            id: id.clone(),
            installation: self.about.as_ref().map(|about| about.installation),
            created_at: self.about.as_ref().map(|about| about.created_at),
            seen: Seen::Disk(self.disk),
        }
    }
}

impl KnownBoot {
    fn sighting(&self, id: &SandboxId, boot: Boot, about: Option<&SandboxFile>) -> Sighting {
        Sighting {
            id: id.clone(),
            installation: about.map(|about| about.installation),
            created_at: Some(self.created_at),
            seen: Seen::Boot(boot, self.state.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime_core::sandbox::Endpoints;

    use super::*;

    fn claim(registry: &Registry, id: &SandboxId, boot: Boot) -> Claim {
        let about = SandboxFile {
            installation: serde_json::from_str("\"00000000-0000-0000-0000-000000000001\"").unwrap(),
            created_at: Timestamp::from_millis(1),
        };
        registry.claim(id, boot, &about)
    }

    #[test]
    fn one_of_two_launches_makes_the_boot() {
        let registry = Registry::new();
        let id = "abc".parse().unwrap();
        assert!(matches!(claim(&registry, &id, Boot::FIRST), Claim::Ours(_)));
        assert!(matches!(claim(&registry, &id, Boot::FIRST), Claim::Exists));
        registry.boot_gone(&id, Boot::FIRST);
        assert!(matches!(claim(&registry, &id, Boot::FIRST), Claim::Ours(_)));
    }

    #[test]
    fn erasing_waits_for_boots_and_keeps_new_ones_out() {
        let registry = Registry::new();
        let id = "abc".parse().unwrap();
        let first = claim(&registry, &id, Boot::FIRST);
        assert!(!registry.begin_erasing(&id), "{first:?}");
        registry.boot_gone(&id, Boot::FIRST);
        assert!(registry.begin_erasing(&id));
        assert!(matches!(claim(&registry, &id, Boot(2)), Claim::Erasing));
        registry.erasing_failed(&id);
        assert!(matches!(claim(&registry, &id, Boot(2)), Claim::Ours(_)));
    }

    #[test]
    fn a_boot_that_leaves_does_not_come_up_again() {
        let registry = Registry::new();
        let id = "abc".parse().unwrap();
        let Claim::Ours(leave) = claim(&registry, &id, Boot::FIRST) else {
            panic!("it is new");
        };
        assert!(registry.leave(&id, Boot::FIRST));
        assert!(leave.is_cancelled());
        let endpoints = Endpoints::default();
        registry.set_boot(&id, Boot::FIRST, BootState::Up { endpoints });
        let (all, _) = registry.listen();
        assert!(
            matches!(&all[0].seen, Seen::Boot(_, BootState::Leaving { .. })),
            "{all:?}"
        );
    }
}
