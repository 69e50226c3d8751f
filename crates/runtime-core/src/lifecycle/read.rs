//! Reads: from the views, after one question to the store for what changed. No read asks a backend, but for logs.

use std::collections::BTreeSet;

use super::Lifecycle;
use crate::backend::{BackendError, ErrorClass, SandboxBackend};
use crate::error::Error;
use crate::ids::{SandboxId, SessionId, TenantId};
use crate::sandbox::Event;
use crate::views::{List, View};

impl Lifecycle {
    /// One sandbox by its id, else by its session (contract §5.3).
    ///
    /// # Errors
    /// [`Error::UnknownSandbox`], [`Error::Store`].
    pub async fn get(&self, tenant: &TenantId, target: &str) -> Result<View, Error> {
        let records = &self.parts.records;
        records.refresh().await?;
        if let Ok(id) = target.parse::<SandboxId>()
            && let Some(view) = records.views.get(&id)
            && view.summary.tenant == *tenant
        {
            return Ok(view);
        }
        let record = self.parts.find(tenant, target).await?;
        Ok(records.views.view(record.summary()))
    }

    /// The sandbox of a session: its open one, else its newest.
    ///
    /// # Errors
    /// [`Error::UnknownSandbox`], [`Error::Store`].
    pub async fn of_session(&self, tenant: &TenantId, session: &str) -> Result<View, Error> {
        let session = session
            .parse::<SessionId>()
            .map_err(|_invalid| Error::UnknownSandbox)?;
        let records = &self.parts.records;
        records.refresh().await?;
        if let Some(view) = records.views.open_of_session(tenant, &session) {
            return Ok(view);
        }
        let record = records
            .store
            .of_session(tenant, &session)
            .await?
            .ok_or(Error::UnknownSandbox)?;
        Ok(records.views.view(record.summary()))
    }

    /// The sandboxes of many sessions, each once; unknown sessions are left out.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn batch(
        &self,
        tenant: &TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<View>, Error> {
        let records = &self.parts.records;
        records.refresh().await?;
        let sessions: BTreeSet<&SessionId> = sessions.iter().collect();
        let mut found = Vec::with_capacity(sessions.len());
        let mut closed = Vec::new();
        for session in sessions {
            match records.views.open_of_session(tenant, session) {
                Some(view) => found.push(view),
                None => closed.push(session.clone()),
            }
        }
        if !closed.is_empty() {
            let stored = records.store.of_sessions(tenant, &closed).await?;
            found.extend(
                stored
                    .iter()
                    .map(|record| records.views.view(record.summary())),
            );
        }
        Ok(found)
    }

    /// Every live sandbox of the tenant.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, tenant: &TenantId) -> Result<List, Error> {
        self.parts.records.refresh().await?;
        Ok(self.parts.records.views.list(tenant))
    }

    /// Every open sandbox of the tenant, by id: the paused and failed ones, too.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn open(&self, tenant: &TenantId) -> Result<Vec<View>, Error> {
        self.parts.records.refresh().await?;
        Ok(self.parts.records.views.open_of_tenant(tenant))
    }

    /// The last `bytes` that a sandbox wrote, at most. Where its newest boot wrote less, the end of the one before comes
    /// first, as far as it is kept: after a restart the reason stands there.
    ///
    /// # Errors
    /// [`Error::UnknownSandbox`], [`Error::Store`], [`Error::Backend`].
    pub async fn logs(&self, tenant: &TenantId, target: &str, bytes: u64) -> Result<String, Error> {
        let record = self.parts.find(tenant, target).await?;
        let backend = self.parts.backends.get(&record.backend).ok_or_else(|| {
            let message = format!(
                "the backend `{}` is not configured any more",
                record.backend
            );
            BackendError::new(ErrorClass::Retry, message)
        })?;
        let newest = record.state.boot;
        let logs = backend.logs(&record.id, newest, bytes).await;
        let Some(before) = newest.previous() else {
            return Ok(logs?);
        };
        let written = logs.as_ref().map_or(0, |logs| logs.len());
        let left = bytes.saturating_sub(u64::try_from(written).unwrap_or(u64::MAX));
        if left == 0 {
            return Ok(logs?);
        }
        match (backend.logs(&record.id, before, left).await, logs) {
            (Ok(older), Ok(newer)) => Ok(older + &newer),
            (Ok(older), Err(error)) if error.class() == ErrorClass::Gone => Ok(older),
            (_, logs) => Ok(logs?),
        }
    }

    /// What happened to a sandbox, oldest first.
    ///
    /// # Errors
    /// [`Error::UnknownSandbox`], [`Error::Store`].
    pub async fn events(&self, tenant: &TenantId, target: &str) -> Result<Vec<Event>, Error> {
        let record = self.parts.find(tenant, target).await?;
        Ok(self.parts.records.store.events(&record.id).await?)
    }
}
