//! Whether the process may get traffic: it has started, is not stopping, and every registered check passes.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde::Serialize;
use tokio::sync::watch;

/// A check that takes longer has failed.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// The checks of a process and the phase that it is in. Clones share both.
#[derive(Clone)]
pub struct Readiness {
    checks: Arc<Mutex<Vec<Check>>>,
    phase: Arc<watch::Sender<Phase>>,
}

/// What the process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Building what it serves.
    Starting,
    /// Serving.
    Running,
    /// Ending calls; new ones should go elsewhere.
    Stopping,
}

/// The answer of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing fails.
    pub ready: bool,
    /// What fails, in the order of registration.
    pub failing: Vec<Failure>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The name under which it was registered, or `phase`.
    pub check: &'static str,
    /// Why it failed.
    pub error: String,
}

#[derive(Clone)]
struct Check {
    name: &'static str,
    run: Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>,
}

impl Readiness {
    /// Nothing registered, [`Phase::Starting`].
    pub fn new() -> Self {
        Self { checks: Arc::default(), phase: Arc::new(watch::Sender::new(Phase::Starting)) }
    }

    /// Registers a check. It runs with every question, so it should be cheap: `SELECT 1`, an open channel.
    pub fn register<F>(&self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let run = Arc::new(move || check().boxed());
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push(Check { name, run });
    }

    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// The phase and its changes.
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Runs all checks at once. Takes at most [`CHECK_TIMEOUT`].
    pub async fn report(&self) -> Report {
        let phase = *self.phase.borrow();
        let failing = match phase {
            Phase::Starting => vec![Failure { check: "phase", error: "starting".to_owned() }],
            Phase::Stopping => vec![Failure { check: "phase", error: "stopping".to_owned() }],
            Phase::Running => self.failing_checks().await,
        };
        Report { ready: failing.is_empty(), failing }
    }

    async fn failing_checks(&self) -> Vec<Failure> {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(checks.iter().map(Check::failure)).await.into_iter().flatten().collect()
    }
}

impl Check {
    async fn failure(&self) -> Option<Failure> {
        let error = match tokio::time::timeout(CHECK_TIMEOUT, (self.run)()).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
        };
        Some(Failure { check: self.name, error })
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("phase", &*self.phase.borrow()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Readiness {
        let readiness = Readiness::new();
        readiness.enter(Phase::Running);
        readiness
    }

    #[tokio::test]
    async fn a_process_that_has_not_started_is_not_ready() {
        assert_eq!(Readiness::new().report().await.failing[0].error, "starting");
    }

    #[tokio::test]
    async fn without_checks_a_running_process_is_ready() {
        assert!(running().report().await.ready);
    }

    #[tokio::test]
    async fn the_report_names_only_what_fails() {
        let readiness = running();
        readiness.register("database", async || Ok(()));
        readiness.register("broker", async || Err(anyhow::anyhow!("refused").context("no channel")));
        let failing = readiness.report().await.failing;
        assert_eq!(failing, [Failure { check: "broker", error: "no channel: refused".to_owned() }]);
    }

    #[tokio::test]
    async fn checks_that_hang_cost_one_timeout_together() {
        let readiness = running();
        readiness.register("one", std::future::pending);
        readiness.register("two", std::future::pending);
        let begin = std::time::Instant::now();
        assert_eq!(readiness.report().await.failing.len(), 2);
        assert_eq!(begin.elapsed().as_secs(), 1);
    }

    #[tokio::test]
    async fn a_stopping_process_is_not_ready_whatever_its_checks_say() {
        let readiness = running();
        readiness.enter(Phase::Stopping);
        assert_eq!(readiness.report().await.failing[0].error, "stopping");
    }
}
