//! The tasks of the core: one owner that can stop them, wait for them, and learns when one panics.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Owner of every task that the core spawns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// Runs `task` until it ends or the core stops. A panic in it marks the core as failed: a reconciler that lost a task
    /// keeps no promise, so the process should end and start again.
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let alarm = Alarm {
            name,
            failed: self.failed.clone(),
            armed: true,
        };
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            // Dropping a task at its await is safe: each is level-triggered and begins anew after a restart.
            stop.run_until_cancelled(task).await;
            alarm.disarm();
        });
    }

    /// Runs `work` to its end, even when the caller goes away.
    pub(crate) fn detach<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let alarm = Alarm {
            name,
            failed: self.failed.clone(),
            armed: true,
        };
        self.tracker.spawn(async move {
            let result = work.await;
            alarm.disarm();
            result
        })
    }

    /// Cancelled when a task panicked.
    pub(crate) fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Cancelled when the core stops.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// Stops the tasks and waits until they have ended; detached work is waited for, too.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Tells of a task that ends without having disarmed it, which only a panic does.
struct Alarm {
    name: &'static str,
    failed: CancellationToken,
    armed: bool,
}

impl Alarm {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.armed && std::thread::panicking() {
            tracing::error!(task = self.name, "a task panicked");
            self.failed.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_task_is_noticed() {
        let tasks = Tasks::default();
        tasks.spawn("doomed", async { panic!("for the test") });
        tokio::time::timeout(
            std::time::Duration::from_secs(5),
            tasks.failed().cancelled(),
        )
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn shutdown_ends_tasks_and_waits_for_detached_work() {
        let tasks = Tasks::default();
        tasks.spawn("endless", std::future::pending());
        let work = tasks.detach("work", async {
            tokio::task::yield_now().await;
            7
        });
        tasks.shutdown().await;
        assert_eq!(work.await.unwrap(), 7);
        assert!(!tasks.failed().is_cancelled());
    }
}
