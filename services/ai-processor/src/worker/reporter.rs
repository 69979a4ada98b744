//! What a piece of work says of itself while it runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contracts::progress::v1::Phase;
use tokio::sync::Notify;

/// How far a job is. Clones are the same; cheap, and usable from any thread.
#[derive(Debug, Clone)]
pub struct Reporter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    report: Mutex<Report>,
    dirty: AtomicBool,
    changed: Arc<Notify>,
}

/// What was last said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub phase: Phase,
    pub percent: u8,
    pub message: String,
    /// Units of the price list that are done and stay done, whatever happens next.
    pub units_done: i64,
}

impl Reporter {
    /// `changed` is told of every change.
    pub fn new(changed: Arc<Notify>) -> Self {
        let report = Report { phase: Phase::Init, percent: 0, message: String::new(), units_done: 0 };
        Self(Arc::new(Inner { report: Mutex::new(report), dirty: AtomicBool::new(false), changed }))
    }

    /// Says how far the work is. `message` is a sentence for people. It is durable within a heartbeat, as a rule in a tenth of a second.
    pub fn phase(&self, phase: Phase, percent: u8, message: impl Into<String>) {
        self.change(|report| {
            report.phase = phase;
            report.percent = percent.min(100);
            report.message = message.into();
        });
    }

    /// Says how many units are done for good, so that a job which ends early is charged for those.
    pub fn units_done(&self, units: i64) {
        self.change(|report| report.units_done = units);
    }

    /// What was last said.
    pub fn report(&self) -> Report {
        self.0.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether something was said since this was last asked.
    pub(crate) fn take_dirty(&self) -> bool {
        self.0.dirty.swap(false, Ordering::AcqRel)
    }

    fn change(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.0.report.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.dirty.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }
}
