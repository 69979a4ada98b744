//! The jobs that this process has in hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rpc::AccountId;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::Reporter;

type Key = (AccountId, Uuid);

/// Why a try ends before its work does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody does not want it any more.
    Cancelled,
    /// It belongs to another worker by now.
    Fenced,
    /// This process ends.
    HandBack,
}

/// The jobs in hand. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Held {
    jobs: Arc<Mutex<HashMap<Key, Entry>>>,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Entry {
    epoch: i64,
    reporter: Reporter,
    stop: watch::Sender<Option<Stop>>,
}

/// A job in hand, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    held: Held,
    key: Key,
    epoch: i64,
    reporter: Reporter,
    stop: watch::Receiver<Option<Stop>>,
}

/// What a heartbeat says of a job.
#[derive(Debug, Clone)]
pub(super) struct Beat {
    pub(super) account: AccountId,
    pub(super) job: Uuid,
    pub(super) epoch: i64,
    pub(super) reporter: Reporter,
}

impl Held {
    /// Takes a job into hand. An earlier try of it that is still here is stopped.
    pub fn take(&self, account: AccountId, job: Uuid, epoch: i64) -> Hold {
        let reporter = Reporter::new(Arc::clone(&self.changed));
        let (stop, stopped) = watch::channel(None);
        let entry = Entry { epoch, reporter: reporter.clone(), stop };
        if let Some(earlier) = self.jobs().insert((account, job), entry) {
            earlier.stop.send_replace(Some(Stop::Fenced));
        }
        Hold { held: self.clone(), key: (account, job), epoch, reporter, stop: stopped }
    }

    /// Stops a job if it is here, without waiting for the next heartbeat to tell of it.
    pub fn cancel(&self, account: AccountId, job: Uuid) {
        self.stop(account, job, None, Stop::Cancelled);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.jobs().is_empty()
    }

    pub(super) fn stop(&self, account: AccountId, job: Uuid, epoch: Option<i64>, why: Stop) {
        if let Some(entry) = self.jobs().get(&(account, job))
            && epoch.is_none_or(|epoch| epoch == entry.epoch)
        {
            entry.stop.send_replace(Some(why));
        }
    }

    /// Stops all of them.
    pub fn stop_all(&self, why: Stop) {
        self.jobs().values().for_each(|entry| {
            entry.stop.send_replace(Some(why));
        });
    }

    /// Resolves when a job has said something new.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// All jobs in hand, or those that have said something new.
    pub(super) fn beats(&self, only_changed: bool) -> Vec<Beat> {
        let jobs = self.jobs();
        let beats = jobs.iter().filter(|(_, entry)| entry.reporter.take_dirty() || !only_changed);
        let beat = |(key, entry): (&Key, &Entry)| Beat {
            account: key.0,
            job: key.1,
            epoch: entry.epoch,
            reporter: entry.reporter.clone(),
        };
        beats.map(beat).collect()
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// Where the work says how far it is.
    pub fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// Resolves when the try is to end, and why.
    pub async fn stopped(&mut self) -> Stop {
        match self.stop.wait_for(Option::is_some).await {
            Ok(stop) => stop.unwrap_or(Stop::Fenced),
            Err(_) => Stop::Fenced,
        }
    }

    /// Whether another worker has the job by now.
    pub fn is_fenced(&self) -> bool {
        *self.stop.borrow() == Some(Stop::Fenced)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut jobs = self.held.jobs();
        if jobs.get(&self.key).is_some_and(|entry| entry.epoch == self.epoch) {
            jobs.remove(&self.key);
        }
    }
}
