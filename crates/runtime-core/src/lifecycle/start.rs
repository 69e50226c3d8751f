//! Start: a session gets its sandbox, the one that it has or a new one (contract §3.2).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use super::{ATTEMPTS, Lifecycle, LifecycleParts, ready};
use crate::error::Error;
use crate::ids::{BackendName, SandboxId, SessionId, TenantId, Version};
use crate::sandbox::{
    Actor, Annotations, Command, Event, EventKind, GatewayPorts, Record, Refusal, Sealed, Spec,
    State, Verb, accept,
};
use crate::secret::{SessionKey, random_key};
use crate::store::{Inserted, Replacing, Updated};
use crate::views::View;

/// What a client asks for a session that has no sandbox; ignored for one that has.
#[derive(Clone)]
pub struct StartRequest {
    /// What is to run.
    pub spec: Spec,
    /// Environment values by name.
    pub environment: BTreeMap<String, SecretString>,
    /// Notes of the API layer.
    pub annotations: Annotations,
    /// Who asks.
    pub by: Actor,
}

impl fmt::Debug for StartRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartRequest")
            .field("spec", &self.spec)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

impl Lifecycle {
    /// The sandbox of a session: the open one as it is, a paused one resumed, else a new one. Without a session a new one
    /// under a generated name. The record is stored when this answers.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::OverQuota`], [`Error::Addresses`], [`Error::Store`], [`Error::Contended`],
    /// [`Error::Closing`]. Then nothing was created.
    ///
    /// # Cancel safety
    /// A call that is dropped goes on to its end: the sandbox is there or not, nothing is left half done.
    pub async fn start(
        &self,
        tenant: &TenantId,
        session: Option<SessionId>,
        request: StartRequest,
    ) -> Result<View, Error> {
        let session = session.unwrap_or_else(|| SessionId::generate(self.parts.entropy.as_ref()));
        let (parts, tenant) = (Arc::clone(&self.parts), tenant.clone());
        let view = self
            .detached("start", async move {
                parts.start(&tenant, &session, &request).await
            })
            .await?;
        let held = ready::hold(
            &self.parts.records.views,
            &view.summary.id,
            self.parts.settings.hold,
        )
        .await;
        Ok(held.unwrap_or(view))
    }
}

/// A record that holds a session's place, on its way to give it up.
struct Closed {
    record: Record,
    events: Vec<Event>,
}

/// Where a new record belongs.
struct Place {
    id: SandboxId,
    tenant: TenantId,
    session: SessionId,
    backend: BackendName,
    ports: GatewayPorts,
}

impl LifecycleParts {
    async fn start(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        request: &StartRequest,
    ) -> Result<View, Error> {
        let _turn = self.turns.take(tenant, session).await;
        for _ in 0..ATTEMPTS {
            self.records.refresh().await?;
            let Some(view) = self.records.views.open_of_session(tenant, session) else {
                match self.create(tenant, session, request, None).await? {
                    Some(view) => return Ok(view),
                    None => continue,
                }
            };
            if view.summary.state.is_live() {
                return Ok(view);
            }
            let Some(record) = self.records.store.get(&view.summary.id).await? else {
                continue;
            };
            let command = Command {
                verb: Verb::Start,
                by: request.by.clone(),
            };
            let done = match accept(&record, &command, self.clock.now()) {
                Ok(accepted) => match accepted.next {
                    Some(next) => self.bring_back(next, &accepted.events).await?,
                    None => Some(view),
                },
                Err(Refusal::Failed) => {
                    let closed = self.close(&record, &request.by);
                    self.create(tenant, session, request, closed).await?
                }
                Err(_stopped_meanwhile) => None,
            };
            if let Some(view) = done {
                return Ok(view);
            }
        }
        Err(Error::Contended)
    }

    /// A failed record as it is once it has given up its session's place.
    fn close(&self, failed: &Record, by: &Actor) -> Option<Closed> {
        let command = Command {
            verb: Verb::Stop,
            by: by.clone(),
        };
        let accepted = accept(failed, &command, self.clock.now()).ok()?;
        Some(Closed {
            record: accepted.next?,
            events: accepted.events,
        })
    }

    /// Stores the intent to run again; none when somebody else was faster.
    async fn bring_back(&self, mut next: Record, events: &[Event]) -> Result<Option<View>, Error> {
        match self.records.update(&mut next, events, self.admit()).await? {
            Updated::Yes(_) => {
                self.queue.push(&next.id);
                Ok(Some(self.records.views.view(next.summary())))
            }
            Updated::Stale(_) | Updated::Missing => Ok(None),
            Updated::OverQuota { live } => Err(self.over_quota(live)),
        }
    }

    /// Stores a new record; none when the session has got one from somebody else.
    async fn create(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        request: &StartRequest,
        closed: Option<Closed>,
    ) -> Result<Option<View>, Error> {
        let backend = self.place(&request.spec)?;
        let id = SandboxId::generate(self.entropy.as_ref());
        let ports = self.addresses.reserve(&id)?;
        let place = Place {
            id,
            tenant: tenant.clone(),
            session: session.clone(),
            backend,
            ports,
        };
        let record = self.new_record(place, request);
        let event = Event {
            at: record.created_at,
            kind: EventKind::Created,
            by: request.by.clone(),
            message: format!("start: wanted running, image {}", request.spec.image),
        };
        let replacing = closed.as_ref().map(|closed| Replacing {
            closed: &closed.record,
            events: &closed.events,
        });
        let inserted = self
            .records
            .insert(&record, &[event], self.admit(), replacing)
            .await;
        if !matches!(inserted, Ok(Inserted::Created)) {
            self.addresses.release(&record.label, &record.state.ports);
        }
        match inserted? {
            Inserted::Created => {
                self.queue.push(&record.id);
                if let Some(closed) = &closed {
                    self.queue.push(&closed.record.id);
                }
                tracing::info!(
                    sandbox.id = %record.id, session.id = %record.session, tenant.id = %record.tenant,
                    image = %record.spec.image, "a sandbox was asked for"
                );
                Ok(Some(self.records.views.view(record.summary())))
            }
            Inserted::Exists(_) => Ok(None),
            Inserted::OverQuota { live } => Err(self.over_quota(live)),
        }
    }

    fn new_record(&self, place: Place, request: &StartRequest) -> Record {
        let now = self.clock.now();
        Record {
            label: place.id.clone(),
            id: place.id,
            tenant: place.tenant,
            session: place.session,
            backend: place.backend,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
            state: State::new(request.by.clone(), place.ports, now),
            spec: Arc::new(request.spec.clone()),
            sealed: Arc::new(Sealed {
                environment: request.environment.clone(),
                session_key: SessionKey::generate(self.entropy.as_ref()),
                secret_key: random_key(self.entropy.as_ref()),
            }),
            annotations: Arc::new(request.annotations.clone()),
        }
    }
}
