//! Compute and disks that no record owns (design §5).
//!
//! Compute goes only when it is surely ours and surely forgotten; a disk never goes by itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Reconciler;
use super::observations::SeenBoot;
use crate::backend::SandboxBackend;
use crate::clock::Timestamp;
use crate::ids::{BackendName, InstallationId, SandboxId};

/// How many things without a record there are.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    pub(crate) boots: AtomicUsize,
    pub(crate) disks: AtomicUsize,
}

/// What may be released: ours, older than the grace time, and the store is older still, so that it would know it.
fn is_ours_and_forgotten(
    boot: &SeenBoot,
    installation: InstallationId,
    born: Timestamp,
    now: Timestamp,
    grace: Duration,
) -> bool {
    let old = boot
        .created_at
        .is_some_and(|made| now.since(made) >= grace && born < made);
    boot.installation == Some(installation) && old
}

/// A sweep that would release more than this stops: a fresh or restored database must not cost anybody's work.
fn most_releases(boots: usize) -> usize {
    (boots / 20).max(3)
}

impl Reconciler {
    /// Releases compute that is ours and forgotten, and counts what is left.
    pub(super) async fn look_for_orphans(&self, name: &BackendName) {
        let (Some(backend), Some((boots, disks))) =
            (self.backends.get(name), self.observations.everything(name))
        else {
            return;
        };
        let all = boots.len();
        let candidates: BTreeSet<&SandboxId> =
            boots.iter().map(|boot| &boot.id).chain(&disks).collect();
        let mut unowned = BTreeSet::new();
        for id in candidates {
            if self.records.views.get(id).is_some() {
                continue;
            }
            match self.records.store.get(id).await {
                // Stopped, yet something is left of it: that is the look's work.
                Ok(Some(_)) => self.queue.push(id),
                Ok(None) => {
                    unowned.insert(id.clone());
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot look for orphans"
                    );
                    return;
                }
            }
        }
        let boots: Vec<SeenBoot> = boots
            .into_iter()
            .filter(|boot| unowned.contains(&boot.id))
            .collect();
        let disks = disks.iter().filter(|id| unowned.contains(id)).count();
        self.count(name, boots.len(), disks);
        let now = self.clock.now();
        let grace = self.settings.orphan_grace;
        let forgotten: Vec<_> = boots
            .iter()
            .filter(|boot| is_ours_and_forgotten(boot, self.installation, self.born, now, grace))
            .collect();
        if forgotten.len() > most_releases(all) {
            tracing::error!(
                backend = %name, count = forgotten.len(), boots = all,
                "so much compute without a record is no accident; nothing is released, a person must look"
            );
            return;
        }
        for boot in forgotten {
            tracing::warn!(sandbox.id = %boot.id, boot = boot.boot.0, "compute without a record is released");
            if let Err(error) = backend.release(&boot.id, boot.boot).await {
                tracing::warn!(sandbox.id = %boot.id, error = error.explained(), "cannot release it; tried again later");
            }
        }
    }

    fn count(&self, name: &BackendName, boots: usize, disks: usize) {
        let before = self.orphans.disks.swap(disks, Ordering::Relaxed);
        self.orphans.boots.store(boots, Ordering::Relaxed);
        if disks > before {
            tracing::warn!(backend = %name, count = disks, "disks without a record are kept; a person must remove them");
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::Boot;

    const BORN: Timestamp = Timestamp::from_millis(1_000_000);
    const GRACE: Duration = Duration::from_secs(600);

    fn boot(installation: Option<InstallationId>, created_at: Option<i64>) -> SeenBoot {
        SeenBoot {
            id: "abc".parse().unwrap(),
            boot: Boot::FIRST,
            installation,
            created_at: created_at.map(Timestamp::from_millis),
        }
    }

    #[test]
    fn only_what_is_ours_old_and_younger_than_the_store_is_released() {
        let (ours, theirs) = (
            InstallationId(Uuid::from_u128(1)),
            InstallationId(Uuid::from_u128(2)),
        );
        let now = Timestamp::from_millis(10_000_000);
        let rows = [
            (boot(Some(ours), Some(2_000_000)), true),
            (boot(Some(theirs), Some(2_000_000)), false),
            (boot(None, Some(2_000_000)), false),
            (boot(Some(ours), None), false),
            // Younger than the grace time: its record may be on its way.
            (boot(Some(ours), Some(9_500_000)), false),
            // Older than the store: the store was lost or restored.
            (boot(Some(ours), Some(500_000)), false),
        ];
        for (boot, expected) in rows {
            assert_eq!(
                is_ours_and_forgotten(&boot, ours, BORN, now, GRACE),
                expected,
                "{boot:?}"
            );
        }
    }

    #[test]
    fn a_sweep_releases_few() {
        assert_eq!([0, 10, 60, 100, 1000].map(most_releases), [3, 3, 3, 5, 50]);
    }
}
