//! Background tasks: cancelled when the process stops, and awaited so that none is cut in the middle of a step.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// Tasks that are cancelled with `stop`.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { tracker: TaskTracker::new(), stop, failed: CancellationToken::new() }
    }

    pub(crate) fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.stop.clone().run_until_cancelled_owned(task);
        self.spawn_to_end(name, async { stopped.await.unwrap_or_default() });
    }

    /// A task that ends by itself after the process began to stop.
    pub(crate) fn spawn_to_end(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let failed = self.failed.clone();
        let watched = async move {
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                tracing::error!(task = name, "a background task panicked");
                failed.cancel();
            }
        };
        self.tracker.spawn(watched.instrument(tracing::info_span!("task", name)));
    }

    /// Resolves when a task has panicked.
    pub(crate) async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Resolves when all have ended.
    pub(crate) async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_end_when_the_process_stops() {
        let stop = CancellationToken::new();
        let tasks = Tasks::new(stop.clone());
        tasks.spawn("endless", std::future::pending());
        stop.cancel();
        tasks.ended().await;
    }

    #[tokio::test]
    async fn a_panic_in_a_task_is_noticed() {
        let tasks = Tasks::new(CancellationToken::new());
        tasks.spawn("broken", async { panic!("on purpose") });
        tasks.failed().await;
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_awaited() {
        let stop = CancellationToken::new();
        let tasks = Tasks::new(stop.clone());
        let (sender, mut receiver) = tokio::sync::oneshot::channel();
        tasks.spawn_to_end("orderly", async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            sender.send(()).unwrap();
        });
        tasks.stop.cancel();
        tasks.ended().await;
        assert!(receiver.try_recv().is_ok());
    }

    #[tokio::test]
    async fn a_task_may_end_by_itself() {
        let tasks = Tasks::new(CancellationToken::new());
        tasks.spawn("short", async {});
        tasks.ended().await;
        assert!(!tasks.failed.is_cancelled());
    }
}
