//! The latest sighting of every boot and disk, fed by the watches. Plain data behind a lock.

mod watched;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::backend::BackendEvent;
use crate::clock::Timestamp;
use crate::ids::{BackendName, Boot, InstallationId, SandboxId};
use crate::sandbox::{AgentState, DiskState, Observation};

use watched::Watched;

/// What the watches of all backends have told.
#[derive(Debug)]
pub(crate) struct Observations(Mutex<HashMap<BackendName, Watched>>);

/// Whose looks are due after an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Nobody's.
    Nobody,
    /// This one's.
    One(SandboxId),
    /// Everybody's: a listing is complete, and what is not in it is gone.
    Everybody,
}

/// A boot that was seen, with what its object says of its origin.
#[derive(Debug, Clone)]
pub(crate) struct SeenBoot {
    pub(crate) id: SandboxId,
    pub(crate) boot: Boot,
    pub(crate) installation: Option<InstallationId>,
    pub(crate) created_at: Option<Timestamp>,
}

impl Observations {
    pub(crate) fn new(backends: impl Iterator<Item = BackendName>) -> Self {
        Self(Mutex::new(
            backends.map(|name| (name, Watched::default())).collect(),
        ))
    }

    /// Takes over one event of a backend's watch.
    pub(crate) fn apply(&self, backend: &BackendName, event: BackendEvent) -> Wake {
        match self.lock().get_mut(backend) {
            Some(watched) => watched.apply(event),
            None => Wake::Nobody,
        }
    }

    /// Takes over what the agent of a boot answered.
    pub(crate) fn agent_says(
        &self,
        backend: &BackendName,
        id: &SandboxId,
        boot: Boot,
        agent: AgentState,
    ) {
        if let Some(known) = self
            .lock()
            .get_mut(backend)
            .and_then(|watched| watched.sandboxes.get_mut(id))
        {
            known.agent = Some((boot, agent));
        }
    }

    /// All that is known of one sandbox whose current boot is `boot`. What an older boot's agent said does not count.
    pub(crate) fn of(&self, backend: &BackendName, id: &SandboxId, boot: Boot) -> Observation {
        let backends = self.lock();
        let Some(watched) = backends.get(backend) else {
            return Observation::default();
        };
        let mut seen = Observation {
            fresh: watched.fresh,
            disk: DiskState::Absent,
            ..Observation::default()
        };
        let Some(known) = watched.sandboxes.get(id) else {
            return seen;
        };
        seen.boots = known
            .boots
            .iter()
            .map(|(boot, known)| (*boot, known.state.clone()))
            .collect();
        seen.disk = if known.disk == DiskState::Present {
            DiskState::Present
        } else {
            DiskState::Absent
        };
        if let Some((answered, agent)) = known.agent
            && answered == boot
        {
            seen.agent = agent;
        }
        seen
    }

    /// Whether each backend's observations can be relied on.
    pub(crate) fn fresh(&self) -> BTreeMap<BackendName, bool> {
        self.lock()
            .iter()
            .map(|(name, watched)| (name.clone(), watched.fresh))
            .collect()
    }

    /// Everything that a backend has: boots, and sandboxes with a disk. None while that is not known.
    pub(crate) fn everything(
        &self,
        backend: &BackendName,
    ) -> Option<(Vec<SeenBoot>, Vec<SandboxId>)> {
        let backends = self.lock();
        let watched = backends.get(backend).filter(|watched| watched.fresh)?;
        let boots = watched.sandboxes.iter().flat_map(|(id, known)| {
            known.boots.iter().map(|(boot, known)| SeenBoot {
                id: id.clone(),
                boot: *boot,
                installation: known.installation,
                created_at: known.created_at,
            })
        });
        let disks = watched
            .sandboxes
            .iter()
            .filter(|(_, known)| known.disk == DiskState::Present);
        Some((boots.collect(), disks.map(|(id, _)| id.clone()).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BackendName, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Seen, Sighting, Thing};
    use crate::sandbox::{BootState, Endpoints, Reason, ReasonCode};

    fn local() -> BackendName {
        "local".parse().unwrap()
    }

    fn id() -> SandboxId {
        "abc".parse().unwrap()
    }

    fn sighting(seen: Seen) -> Sighting {
        Sighting {
            id: id(),
            installation: None,
            created_at: None,
            seen,
        }
    }

    fn up() -> BootState {
        BootState::Up {
            endpoints: Endpoints::default(),
        }
    }

    fn observations() -> Observations {
        let observations = Observations::new([local()].into_iter());
        observations.apply(&local(), BackendEvent::ResyncBegins);
        observations.apply(&local(), BackendEvent::ResyncEnds);
        observations
    }

    #[test]
    fn nothing_can_be_relied_on_before_the_first_listing_is_complete_and_while_the_backend_is_lost()
    {
        let observations = Observations::new([local()].into_iter());
        assert!(!observations.of(&local(), &id(), Boot::FIRST).fresh);
        observations.apply(&local(), BackendEvent::ResyncBegins);
        observations.apply(
            &local(),
            BackendEvent::Exists(sighting(Seen::Boot(Boot::FIRST, up()))),
        );
        assert!(!observations.of(&local(), &id(), Boot::FIRST).fresh);
        assert_eq!(
            observations.apply(&local(), BackendEvent::ResyncEnds),
            Wake::Everybody
        );
        assert!(observations.of(&local(), &id(), Boot::FIRST).fresh);
        observations.apply(&local(), BackendEvent::Lost);
        assert!(!observations.of(&local(), &id(), Boot::FIRST).fresh);
    }

    #[test]
    fn what_a_listing_does_not_show_is_gone() {
        let observations = observations();
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Boot(Boot(1), up()))),
        );
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Boot(Boot(2), up()))),
        );
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Disk(DiskState::Present))),
        );
        observations.apply(&local(), BackendEvent::ResyncBegins);
        observations.apply(
            &local(),
            BackendEvent::Exists(sighting(Seen::Boot(Boot(2), up()))),
        );
        observations.apply(&local(), BackendEvent::ResyncEnds);
        let seen = observations.of(&local(), &id(), Boot(2));
        assert_eq!(seen.boots.keys().collect::<Vec<_>>(), [&Boot(2)]);
        assert_eq!(seen.disk, DiskState::Absent);
    }

    #[test]
    fn news_of_an_old_boot_is_not_taken_for_the_new_one() {
        let observations = observations();
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Boot(Boot(1), up()))),
        );
        observations.agent_says(&local(), &id(), Boot(1), AgentState::Ready { idle: None });
        assert_eq!(
            observations.of(&local(), &id(), Boot(1)).agent,
            AgentState::Ready { idle: None }
        );
        assert_eq!(
            observations.of(&local(), &id(), Boot(2)).agent,
            AgentState::Unknown
        );
        let reason = Reason::new(ReasonCode::Error, "exit code 1");
        let exited = BootState::Exited {
            reason,
            code: Some(1),
            log_tail: String::new(),
        };
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Boot(Boot(1), exited.clone()))),
        );
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Boot(Boot(2), up()))),
        );
        let seen = observations.of(&local(), &id(), Boot(2));
        assert_eq!(seen.boots[&Boot(1)], exited);
        assert_eq!(seen.boots[&Boot(2)], up());
    }

    #[test]
    fn a_sandbox_of_which_nothing_is_left_is_forgotten() {
        let observations = observations();
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Boot(Boot(1), up()))),
        );
        observations.apply(
            &local(),
            BackendEvent::Changed(sighting(Seen::Disk(DiskState::Present))),
        );
        observations.apply(&local(), BackendEvent::Gone(id(), Thing::Boot(Boot(1))));
        assert_eq!(observations.everything(&local()).unwrap().1, [id()]);
        observations.apply(&local(), BackendEvent::Gone(id(), Thing::Disk));
        let (boots, disks) = observations.everything(&local()).unwrap();
        assert!(boots.is_empty() && disks.is_empty());
        assert!(observations.lock()[&local()].sandboxes.is_empty());
    }
}
