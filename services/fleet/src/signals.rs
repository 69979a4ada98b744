//! The signals that end a launcher. The first asks for an ordered stop, the second for a faster one, the third kills.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How quickly everything has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Haste {
    Ordered,
    Faster,
    Now,
}

/// How many signals came so far.
#[derive(Debug, Clone)]
pub struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Listens for Ctrl-C, `SIGTERM` and the end of the terminal from now on.
    pub fn listen() -> Result<Self> {
        let (sender, receiver) = watch::channel(0);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                sender.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(receiver))
    }

    /// Waits for the first one.
    pub async fn first(&self) {
        // The sender is never dropped while the runtime lives.
        let _ = self.0.clone().wait_for(|count| *count > 0).await;
    }

    pub fn haste(&self) -> Haste {
        match *self.0.borrow() {
            0 | 1 => Haste::Ordered,
            2 => Haste::Faster,
            _ => Haste::Now,
        }
    }
}
