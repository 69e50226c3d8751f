//! Waiting for a runtime, as the SDK does.

use std::time::Duration;

use super::{Client, ClientError};
use crate::{PodStatus, Runtime, Status};

/// The first pause between two looks; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause: that of the SDK.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a look at a runtime says.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Ready,
    Hopeless,
    NotYet,
}

impl Client {
    /// Polls a runtime until clients can reach it, for at most `bound`. What may pass, such as a server that restarts, is
    /// waited out.
    ///
    /// # Errors
    /// [`ClientError::WillNotGetReady`] for a runtime that failed, was stopped or was paused,
    /// [`ClientError::NotReady`] when `bound` is over, and what a look at it ends with otherwise.
    pub async fn wait_until_ready(
        &self,
        id: &str,
        bound: Duration,
    ) -> Result<Runtime, ClientError> {
        let mut last = None;
        let waited = tokio::time::timeout(bound, self.poll(id, &mut last)).await;
        waited.unwrap_or_else(|_| {
            Err(ClientError::NotReady {
                id: id.to_owned(),
                waited: bound,
                last,
            })
        })
    }

    async fn poll(&self, id: &str, last: &mut Option<String>) -> Result<Runtime, ClientError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.runtime(id).await {
                Ok(runtime) => match judge(&runtime) {
                    Seen::Ready => return Ok(runtime),
                    Seen::Hopeless => return Err(ClientError::will_not_get_ready(&runtime)),
                    Seen::NotYet => {
                        let detail = runtime.status_detail.as_deref();
                        let detail = detail.unwrap_or(runtime.pod_status.as_str());
                        *last = Some(format!("it is {}, {detail}", runtime.status));
                    }
                },
                Err(error) if error.is_transient() => *last = Some(error.to_string()),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// `pod_status` is the truth for the SDK, `status` for others; where they differ the runtime is on its way.
fn judge(runtime: &Runtime) -> Seen {
    match (runtime.status, runtime.pod_status.status) {
        (Status::Running, PodStatus::Ready) => Seen::Ready,
        (Status::Paused | Status::Stopped | Status::Error, _)
        | (_, PodStatus::Failed | PodStatus::CrashLoopBackOff | PodStatus::Unknown) => {
            Seen::Hopeless
        }
        (
            Status::Starting | Status::Running,
            PodStatus::Pending | PodStatus::Running | PodStatus::Ready | PodStatus::NotFound,
        ) => Seen::NotYet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tests::example;

    #[test]
    fn only_what_is_running_and_ready_is_ready() {
        for status in Status::ALL {
            for pod in PodStatus::ALL {
                let runtime = Runtime {
                    status,
                    pod_status: pod.into(),
                    ..example()
                };
                let ready = status == Status::Running && pod == PodStatus::Ready;
                assert_eq!(judge(&runtime) == Seen::Ready, ready, "{status} {pod:?}");
            }
        }
    }

    #[test]
    fn a_runtime_that_clients_give_up_is_hopeless() {
        let judged = |status, pod: PodStatus| {
            judge(&Runtime {
                status,
                pod_status: pod.into(),
                ..example()
            })
        };
        assert_eq!(judged(Status::Error, PodStatus::Failed), Seen::Hopeless);
        assert_eq!(judged(Status::Stopped, PodStatus::NotFound), Seen::Hopeless);
        assert_eq!(judged(Status::Paused, PodStatus::NotFound), Seen::Hopeless);
        assert_eq!(judged(Status::Starting, PodStatus::Unknown), Seen::Hopeless);
        assert_eq!(judged(Status::Starting, PodStatus::Pending), Seen::NotYet);
        assert_eq!(judged(Status::Running, PodStatus::Pending), Seen::NotYet);
    }
}
