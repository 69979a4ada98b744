//! When to stop. The first signal begins an orderly end, the second one ends at once.

use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// A stream of requests to stop.
#[derive(Debug)]
pub struct Signals(mpsc::UnboundedReceiver<()>);

/// Sends requests to stop in place of the operating system.
#[derive(Debug, Clone)]
pub struct Trigger(mpsc::UnboundedSender<()>);

impl Signals {
    /// SIGTERM and SIGINT of this process. Needs a runtime.
    ///
    /// # Errors
    /// The operating system refused the handlers.
    pub fn of_process() -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("could not listen for SIGINT")?;
        let (trigger, signals) = Self::manual();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                trigger.stop();
            }
        });
        Ok(signals)
    }

    /// Signals that the program gives itself.
    pub fn manual() -> (Trigger, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Trigger(sender), Self(receiver))
    }

    /// The next request to stop. Never resolves when the trigger is gone.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

impl Trigger {
    /// Asks to stop; the second time at once.
    pub fn stop(&self) {
        // An error says that nobody listens any more: the process is ending already.
        let _ = self.0.send(());
    }
}
