//! Holds a backend to its word that every method returns within 10 s.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::{BackendError, BackendEvent, Capabilities, ErrorClass, LaunchSpec, SandboxBackend};
use crate::ids::{Boot, SandboxId};
use crate::sandbox::Spec;

/// Longest that a method of a backend may take (design §5).
const BOUND: Duration = Duration::from_secs(10);

/// A backend whose methods answer *retry* when they take longer than 10 s.
#[derive(Debug, Clone)]
pub struct Bounded(pub Arc<dyn SandboxBackend>);

/// # Cancel safety
/// A call that took too long is dropped; it is repeated later, which idempotent methods allow.
async fn bounded<T>(
    call: impl Future<Output = Result<T, BackendError>>,
    what: &str,
) -> Result<T, BackendError> {
    match tokio::time::timeout(BOUND, call).await {
        Ok(result) => result,
        Err(_) => Err(BackendError::new(
            ErrorClass::Retry,
            format!("{what} took longer than {} s", BOUND.as_secs()),
        )),
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SandboxBackend for Bounded {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn check(&self, spec: &Spec) -> Result<(), BackendError> {
        self.0.check(spec)
    }

    async fn launch(&self, boot: &LaunchSpec) -> Result<(), BackendError> {
        bounded(self.0.launch(boot), "launching").await
    }

    async fn release(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError> {
        bounded(self.0.release(id, boot), "releasing").await
    }

    async fn freeze(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError> {
        bounded(self.0.freeze(id, boot), "freezing").await
    }

    async fn thaw(&self, id: &SandboxId, boot: Boot) -> Result<(), BackendError> {
        bounded(self.0.thaw(id, boot), "thawing").await
    }

    async fn erase(&self, id: &SandboxId) -> Result<(), BackendError> {
        bounded(self.0.erase(id), "erasing").await
    }

    fn watch(&self) -> BoxStream<'static, BackendEvent> {
        self.0.watch()
    }

    async fn logs(&self, id: &SandboxId, boot: Boot, bytes: u64) -> Result<String, BackendError> {
        bounded(self.0.logs(id, boot, bytes), "reading the logs").await
    }
}

#[cfg(test)]
mod tests {
    use super::super::MockSandboxBackend;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_is_to_be_tried_again() {
        let mut backend = MockSandboxBackend::new();
        backend.expect_release().returning(|_, _| Ok(()));
        // mockall's async methods answer at once, so the hanging call is made by hand.
        let hung = bounded(
            std::future::pending::<Result<(), BackendError>>(),
            "launching",
        )
        .await;
        assert_eq!(hung.unwrap_err().class(), ErrorClass::Retry);
        let id: SandboxId = "a".parse().unwrap();
        assert!(
            Bounded(Arc::new(backend))
                .release(&id, Boot::FIRST)
                .await
                .is_ok()
        );
    }
}
