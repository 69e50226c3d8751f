//! Asking agents that are on their way, until they answer. One task per boot, beside the looks, so that asking often
//! costs no look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Reconciler;
use crate::clock::monotonic;
use crate::ids::{Boot, SandboxId};
use crate::sandbox::{AgentState, BootState, Desired, Observation, Phase, Record};

/// Shortest and longest pause between two questions.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// A pause is the time since the boot was up divided by this: what a start loses to asking stays below half a percent.
const SHARE: u32 = 200;

/// The boots whose agents are being asked.
#[derive(Debug, Default)]
pub(crate) struct Probes(Mutex<HashMap<SandboxId, (Boot, CancellationToken)>>);

impl Probes {
    fn lock(&self) -> MutexGuard<'_, HashMap<SandboxId, (Boot, CancellationToken)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of a new probe of this boot; none when one is under way.
    fn begin(&self, id: &SandboxId, boot: Boot) -> Option<CancellationToken> {
        let mut probes = self.lock();
        if let Some((probed, stop)) = probes.get(id) {
            if *probed == boot {
                return None;
            }
            stop.cancel();
        }
        let stop = CancellationToken::new();
        probes.insert(id.clone(), (boot, stop.clone()));
        Some(stop)
    }

    pub(super) fn end(&self, id: &SandboxId) {
        if let Some((_, stop)) = self.lock().remove(id) {
            stop.cancel();
        }
    }
}

impl Reconciler {
    /// Sees to it that the agent of a boot on its way is being asked, and no other.
    pub(super) fn keep_asking(self: &Arc<Self>, record: &Record, seen: &Observation) {
        let state = &record.state;
        let on_its_way = state.intent.desired == Desired::Running
            && state.phase == Phase::Starting
            && state.endpoints.is_some()
            && matches!(seen.boots.get(&state.boot), Some(BootState::Up { .. }));
        if !on_its_way {
            self.probes.end(&record.id);
            return;
        }
        if let Some(stop) = self.probes.begin(&record.id, state.boot) {
            let (reconciler, record) = (Arc::clone(self), record.clone());
            self.tasks.spawn("probe", async move {
                // A probe may be dropped at any time: it holds nothing.
                stop.run_until_cancelled(reconciler.ask(&record)).await;
            });
        }
    }

    /// Asks until the agent is ready, through the address that clients use, and tells every change.
    async fn ask(&self, record: &Record) {
        let Some(endpoint) = self.agent_endpoint(record) else {
            return;
        };
        let (id, boot) = (&record.id, record.state.boot);
        let began = monotonic();
        let mut told = None;
        loop {
            let obstacle = self.addresses.trouble(&record.state.ports);
            let agent = match obstacle {
                // Whoever answers at an address that is not ours is a stranger.
                Some(_) => AgentState::Silent,
                None => self.agent.probe(&endpoint).await,
            };
            let ready = matches!(agent, AgentState::Ready { .. });
            let news = Some((agent, obstacle));
            if told != news {
                told = news;
                self.observations
                    .agent_says(&record.backend, id, boot, agent);
                self.queue.push(id);
            }
            if ready {
                return;
            }
            let pause = ((monotonic() - began) / SHARE).clamp(PAUSES.0, PAUSES.1);
            tokio::time::sleep(pause).await;
        }
    }
}
