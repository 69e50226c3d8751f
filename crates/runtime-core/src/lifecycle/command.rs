//! Pause, resume and stop: an intent is committed, the reconciler woken, the answer given (contract §5.3).

use std::sync::Arc;

use super::{ATTEMPTS, Lifecycle, LifecycleParts, ready};
use crate::error::Error;
use crate::ids::TenantId;
use crate::sandbox::{Actor, Command, Desired, Refusal, Verb, accept};
use crate::store::{Admit, Updated};
use crate::views::View;

impl Lifecycle {
    /// Gives the compute back and keeps the disk. `target` is a sandbox id, else a session.
    ///
    /// # Errors
    /// [`Error::UnknownSandbox`], [`Error::Stopped`], [`Error::Store`], [`Error::Contended`], [`Error::Closing`].
    ///
    /// # Cancel safety
    /// A call that is dropped goes on to its end.
    pub async fn pause(&self, tenant: &TenantId, target: &str, by: Actor) -> Result<View, Error> {
        self.command(
            tenant,
            target,
            Command {
                verb: Verb::Pause,
                by,
            },
        )
        .await
    }

    /// Brings a paused or failed sandbox back; a running one is answered as it is. The answer is held a little for
    /// readiness.
    ///
    /// # Errors
    /// As [`pause`](Self::pause), and [`Error::OverQuota`].
    ///
    /// # Cancel safety
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, tenant: &TenantId, target: &str, by: Actor) -> Result<View, Error> {
        let view = self
            .command(
                tenant,
                target,
                Command {
                    verb: Verb::Resume,
                    by,
                },
            )
            .await?;
        let held = ready::hold(
            &self.parts.records.views,
            &view.summary.id,
            self.parts.settings.hold,
        )
        .await;
        Ok(held.unwrap_or(view))
    }

    /// Ends a sandbox: compute and disk go, the record stays. Stopping a stopped one is no error.
    ///
    /// # Errors
    /// [`Error::UnknownSandbox`], [`Error::Store`], [`Error::Contended`], [`Error::Closing`].
    ///
    /// # Cancel safety
    /// As [`pause`](Self::pause).
    pub async fn stop(&self, tenant: &TenantId, target: &str, by: Actor) -> Result<View, Error> {
        self.command(
            tenant,
            target,
            Command {
                verb: Verb::Stop,
                by,
            },
        )
        .await
    }

    /// Wakes a sandbox that a policy paused. False when it was paused by request or cannot be woken.
    pub(crate) async fn wake(&self, tenant: &TenantId, target: &str) -> Result<bool, Error> {
        let command = Command {
            verb: Verb::Wake,
            by: Actor::Client,
        };
        match self.command(tenant, target, command).await {
            Ok(_) => Ok(true),
            Err(Error::Stopped | Error::OverQuota { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn command(
        &self,
        tenant: &TenantId,
        target: &str,
        command: Command,
    ) -> Result<View, Error> {
        let (parts, tenant, target) = (Arc::clone(&self.parts), tenant.clone(), target.to_owned());
        let name = command.verb.as_str();
        self.detached(name, async move {
            parts.command(&tenant, &target, &command).await
        })
        .await
    }
}

impl LifecycleParts {
    async fn command(
        &self,
        tenant: &TenantId,
        target: &str,
        command: &Command,
    ) -> Result<View, Error> {
        for _ in 0..ATTEMPTS {
            let record = self.find(tenant, target).await?;
            let accepted = match accept(&record, command, self.clock.now()) {
                Ok(accepted) => accepted,
                Err(Refusal::Stopped | Refusal::Failed | Refusal::PausedByRequest) => {
                    return Err(Error::Stopped);
                }
            };
            let Some(mut next) = accepted.next else {
                return Ok(self.records.views.view(record.summary()));
            };
            let admit = if next.state.intent.desired == Desired::Running {
                self.admit()
            } else {
                Admit::Always
            };
            match self
                .records
                .update(&mut next, &accepted.events, admit)
                .await?
            {
                Updated::Yes(_) => {
                    self.queue.push(&next.id);
                    tracing::info!(
                        sandbox.id = %next.id, session.id = %next.session, tenant.id = %next.tenant,
                        command = command.verb.as_str(), by = %command.by, "a command was accepted"
                    );
                    return Ok(self.records.views.view(next.summary()));
                }
                Updated::Stale(_) => {}
                Updated::Missing => return Err(Error::UnknownSandbox),
                Updated::OverQuota { live } => return Err(self.over_quota(live)),
            }
        }
        Err(Error::Contended)
    }
}
