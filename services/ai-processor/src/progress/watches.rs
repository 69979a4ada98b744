//! Watching: one query each half second for all who watch in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use contracts::progress::v1::Progress;
use futures_util::stream::{self, BoxStream, StreamExt};
use rpc::{AccountId, Error, Result};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use crate::App;
use crate::jobs::{Seen, seen_across_accounts};

const EVERY: Duration = Duration::from_millis(500);

type Key = (AccountId, Uuid);

/// Who watches what.
#[derive(Debug, Clone, Default)]
pub struct Watches {
    jobs: Arc<Mutex<HashMap<Key, watch::Sender<Seen>>>>,
    came: Arc<Notify>,
    stop: CancellationToken,
}

impl Watches {
    /// Streams end when `stop` is cancelled: an open one would hold up the end of the process.
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, ..Self::default() }
    }

    /// The progress of a job from now on, each time it moves, until its last state. A stream that ends with an error was cut off.
    pub fn stream(&self, account: AccountId, job: Seen) -> BoxStream<'static, Result<Progress, Status>> {
        if job.is_over() {
            return stream::iter([Ok(job.progress())]).boxed();
        }
        let mut seen = self.subscribe((account, job.id), job);
        seen.mark_changed();
        stream::unfold(Some((seen, self.stop.clone())), |watch| async {
            let (mut seen, stop) = watch?;
            let changed = tokio::select! {
                changed = seen.changed() => changed.is_ok(),
                () = stop.cancelled() => false,
            };
            if !changed {
                return Some((Err(Error::unavailable(anyhow!("nobody looks after this watch any more")).into()), None));
            }
            let job = seen.borrow_and_update().clone();
            let rest = (!job.is_over()).then_some((seen, stop));
            Some((Ok(job.progress()), rest))
        })
        .boxed()
    }

    fn subscribe(&self, key: Key, job: Seen) -> watch::Receiver<Seen> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = jobs.entry(key).or_insert_with(|| watch::channel(job).0);
        let receiver = sender.subscribe();
        self.came.notify_one();
        receiver
    }

    /// What somebody still watches.
    fn watched(&self) -> Vec<Key> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.retain(|_, sender| sender.receiver_count() > 0);
        jobs.keys().copied().collect()
    }

    fn tell(&self, asked: &[Key], seen: Vec<Seen>) {
        let mut seen: HashMap<Key, Seen> = seen.into_iter().map(|job| ((job.account_id, job.id), job)).collect();
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        for key in asked {
            let Some(job) = seen.remove(key) else {
                jobs.remove(key); // erased with its account
                continue;
            };
            if let Some(sender) = jobs.get(key) {
                sender.send_if_modified(|last| {
                    let moved = *last != job;
                    *last = job;
                    moved
                });
            }
        }
    }
}

/// Looks after the watches for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let watched = app.watches.watched();
        if watched.is_empty() {
            app.watches.came.notified().await;
            continue;
        }
        match app.db.system(async |conn| seen_across_accounts(conn, &watched).await).await {
            Ok(seen) => app.watches.tell(&watched, seen),
            Err(error) => tracing::warn!(error = ?error, "could not look at the jobs that are watched"),
        }
    }
}
