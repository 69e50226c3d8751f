//! Doing what was decided, and remembering how it went.

use std::sync::Arc;

use super::Reconciler;
use super::outcomes::backoff;
use crate::agent::Init;
use crate::backend::{BackendError, Bounded, ErrorClass, LaunchSpec, SandboxBackend};
use crate::sandbox::{Effect, Identity, Outcome, OutcomeKind, Record, Service};

impl Reconciler {
    /// Does the one effect of a decision. Its outcome is an input of the next look.
    pub(super) async fn perform(&self, record: &Record, backend: &Bounded, effect: Effect) {
        let result = match effect {
            Effect::Launch(_) => backend.launch(&self.launch_spec(record)).await,
            Effect::Bind(_) => self.bind(record).await,
            Effect::Release(boot) => backend.release(&record.id, boot).await,
            Effect::Freeze(boot) => backend.freeze(&record.id, boot).await,
            Effect::Thaw(boot) => backend.thaw(&record.id, boot).await,
            Effect::Erase => backend.erase(&record.id).await,
        };
        let now = self.clock.now();
        let settings = &self.settings;
        let (kind, wait, failures) = match &result {
            Ok(()) => (OutcomeKind::Done, settings.policy.patience, 0),
            Err(error) => {
                let failures = self.outcomes.failures(&record.id).saturating_add(1);
                let wait =
                    self.entropy
                        .jitter(backoff(settings.retry, settings.retry_max, failures));
                let kind = match error.class() {
                    ErrorClass::Refused => OutcomeKind::Refused(error.explained()),
                    ErrorClass::Retry | ErrorClass::Gone => OutcomeKind::Retry(error.explained()),
                };
                (kind, wait, failures)
            }
        };
        self.report(record, effect, result.as_ref().err());
        self.outcomes.set(
            &record.id,
            Outcome {
                effect,
                kind,
                not_before: now.plus(wait),
            },
            failures,
        );
        // The outcome may decide at once, a failure after its wait.
        self.queue.push(&record.id);
    }

    fn report(&self, record: &Record, effect: Effect, error: Option<&BackendError>) {
        let result = match error.map(BackendError::class) {
            None => "done",
            Some(ErrorClass::Retry) => "retry",
            Some(ErrorClass::Refused) => "refused",
            Some(ErrorClass::Gone) => "gone",
        };
        metrics::counter!("reconcile_effects_total", "effect" => effect.as_str(), "result" => result).increment(1);
        let boot = record.state.boot.0;
        match error {
            None => {
                tracing::debug!(sandbox.id = %record.id, boot, effect = effect.as_str(), "an effect was accepted");
            }
            Some(error) => tracing::warn!(
                sandbox.id = %record.id, boot, effect = effect.as_str(), result, error = error.explained(),
                "an effect did not work"
            ),
        }
    }

    fn launch_spec(&self, record: &Record) -> LaunchSpec {
        let url = self
            .addresses
            .public(&record.label, &record.state.ports, Service::Agent);
        LaunchSpec {
            installation: self.installation,
            identity: Identity {
                id: record.id.clone(),
                url: url.map(|url| url.as_str().to_owned()).unwrap_or_default(),
            },
            boot: record.state.boot,
            tenant: record.tenant.clone(),
            session: record.session.clone(),
            spec: Arc::clone(&record.spec),
            sealed: Arc::clone(&record.sealed),
        }
    }

    async fn bind(&self, record: &Record) -> Result<(), BackendError> {
        let unreachable = || {
            BackendError::new(
                ErrorClass::Retry,
                "the agent has no address to be initialised at",
            )
        };
        let address = record
            .state
            .endpoints
            .as_ref()
            .and_then(|endpoints| endpoints.get(Service::Agent));
        // Not the clients' way: the gateway refuses initialisation.
        let at =
            crate::agent::Endpoint::new(&format!("http://{}", address.ok_or_else(unreachable)?));
        let init = Init {
            init_key: record.sealed.secret_key.clone(),
            session_key: record.sealed.session_key.clone(),
            secret_key: record.sealed.secret_key.clone(),
            environment: record.sealed.environment.clone(),
        };
        self.agent.bind(&at, &init).await.map_err(|error| {
            BackendError::new(ErrorClass::Retry, "initialising the agent").because(error)
        })
    }
}
