//! The use cases: what clients ask of sandboxes. Each commits an intent and answers from the record; the reconciler does
//! the rest.

mod command;
mod read;
mod ready;
mod start;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use crate::addresses::Addresses;
use crate::backend::{Bounded, SandboxBackend};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::ids::{BackendName, SandboxId, SessionId, TenantId};
use crate::reconcile::Queue;
use crate::records::Records;
use crate::sandbox::{Record, Spec};
use crate::settings::Settings;
use crate::store::Admit;
use crate::tasks::Tasks;

pub use start::StartRequest;
pub(crate) use turns::Turns;

/// How often a use case tries again because somebody else changed the record meanwhile.
const ATTEMPTS: usize = 32;

/// Every backend by name; the first takes new sandboxes.
pub(crate) type Backends = BTreeMap<BackendName, Bounded>;

/// The use cases, cheap to clone.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    pub(crate) parts: Arc<LifecycleParts>,
}

/// What the use cases work with.
#[derive(Debug)]
pub(crate) struct LifecycleParts {
    pub(crate) records: Arc<Records>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) backends: Arc<Backends>,
    pub(crate) addresses: Arc<dyn Addresses>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
    pub(crate) tasks: Tasks,
    pub(crate) turns: Turns,
}

impl Lifecycle {
    /// Runs a use case to its end although its client may go away: an intent is committed and the reconciler woken, or
    /// neither (contract T47).
    async fn detached<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        if self.parts.tasks.stopping().is_cancelled() {
            return Err(Error::Closing);
        }
        // The task ends without a result only when it panicked, which the tracker reports.
        self.parts
            .tasks
            .detach(name, work)
            .await
            .unwrap_or(Err(Error::Closing))
    }
}

impl LifecycleParts {
    /// Which backend takes a new sandbox.
    fn place(&self, spec: &Spec) -> Result<BackendName, Error> {
        let (name, backend) = self
            .backends
            .iter()
            .next()
            .ok_or_else(|| Error::Refused("no backend is configured".to_owned()))?;
        backend
            .check(spec)
            .map_err(|refusal| Error::Refused(refusal.explained()))?;
        Ok(name.clone())
    }

    /// The record that a client means: by sandbox id, else by session (contract §5.3).
    async fn find(&self, tenant: &TenantId, target: &str) -> Result<Record, Error> {
        if let Ok(id) = target.parse::<SandboxId>()
            && let Some(record) = self.records.store.get(&id).await?
            && record.tenant == *tenant
        {
            return Ok(record);
        }
        let session = target
            .parse::<SessionId>()
            .map_err(|_invalid| Error::UnknownSandbox)?;
        self.records
            .store
            .of_session(tenant, &session)
            .await?
            .ok_or(Error::UnknownSandbox)
    }

    /// What a write must fit into that makes a sandbox live.
    fn admit(&self) -> Admit {
        self.settings.max_live.map_or(Admit::Always, Admit::MaxLive)
    }

    fn over_quota(&self, live: u32) -> Error {
        Error::OverQuota {
            limit: self.settings.max_live.unwrap_or(live),
            live,
        }
    }
}
