//! All children of a launcher together: started one by one, recorded on disk, stopped in order.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::{Process, Spec, Stage};
use crate::signals::{Haste, Signals};
use crate::state::record::{Phase, Record, Seen};

/// How often stopping processes are looked at.
const LOOK: Duration = Duration::from_millis(30);
/// What a second Ctrl-C leaves to each stage.
const SHORT_GRACE: Duration = Duration::from_secs(1);
/// How long a killed process may take to disappear.
const LAST_GRACE: Duration = Duration::from_secs(5);

/// The children of this launcher.
#[derive(Debug)]
pub struct Processes {
    dir: PathBuf,
    launcher: Seen,
    phase: Cell<Phase>,
    running: RefCell<Vec<Process>>,
}

impl Processes {
    /// None yet; the record of them goes to `dir`.
    pub fn new(dir: &Path) -> Result<Self> {
        let launcher = Seen::now("launcher", std::process::id()).context("read /proc of this process")?;
        let processes =
            Self { dir: dir.to_owned(), launcher, phase: Cell::new(Phase::Starting), running: RefCell::default() };
        processes.record()?;
        Ok(processes)
    }

    pub fn start(&self, spec: Spec) -> Result<()> {
        let process = Process::start(spec)?;
        self.running.borrow_mut().push(process);
        self.record()
    }

    pub fn set_phase(&self, phase: Phase) -> Result<()> {
        self.phase.set(phase);
        self.record()
    }

    /// How the process of this name ended, when it did.
    pub fn exit_of(&self, name: &str) -> Option<ExitStatus> {
        self.running.borrow_mut().iter_mut().find(|process| process.spec.name == name)?.exit()
    }

    /// Takes out one process that ended.
    pub fn take_ended(&self) -> Option<(Spec, ExitStatus)> {
        let mut running = self.running.borrow_mut();
        let (index, status) =
            running.iter_mut().enumerate().find_map(|(index, process)| Some((index, process.exit()?)))?;
        let process = running.swap_remove(index);
        // What it started must not outlive it.
        process.kill_group();
        Some((process.spec, status))
    }

    /// Asks one process to end, and waits until it has; answers how it was started.
    pub async fn stop_one(&self, name: &str) -> Option<Spec> {
        let grace = {
            let running = self.running.borrow();
            let process = running.iter().find(|process| process.spec.name == name)?;
            process.signal(process.spec.stop);
            process.spec.stage.grace()
        };
        let begun = Instant::now();
        while self.exit_of(name).is_none() && begun.elapsed() < grace {
            tokio::time::sleep(LOOK).await;
        }
        let mut running = self.running.borrow_mut();
        let index = running.iter().position(|process| process.spec.name == name)?;
        let process = running.swap_remove(index);
        process.kill_group();
        Some(process.spec)
    }

    /// Its number, while it is ours.
    pub fn id_of(&self, name: &str) -> Option<u32> {
        self.running.borrow().iter().find(|process| process.spec.name == name).map(|process| process.seen.pid)
    }

    /// Stops everything, stage by stage, and removes the record.
    pub async fn stop(&self, signals: &Signals) {
        // The record only serves other verbs; a full disk must not keep processes alive.
        let _ = self.set_phase(Phase::Stopping);
        for stage in Stage::ORDER {
            self.stop_stage(stage, signals).await;
        }
        Record::remove(&self.dir);
    }

    async fn stop_stage(&self, stage: Stage, signals: &Signals) {
        self.each(stage, |process| process.signal(process.spec.stop));
        let begun = Instant::now();
        while self.is_any_alive(stage) {
            let grace = match signals.haste() {
                Haste::Ordered => stage.grace(),
                Haste::Faster => SHORT_GRACE,
                Haste::Now => Duration::ZERO,
            };
            let waited = begun.elapsed();
            if waited >= grace {
                self.each(stage, Process::kill_group);
            }
            if waited >= grace + LAST_GRACE {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.each(stage, Process::kill_group);
        self.running.borrow_mut().retain(|process| process.spec.stage != stage);
    }

    fn each(&self, stage: Stage, act: impl Fn(&Process)) {
        self.running.borrow().iter().filter(|process| process.spec.stage == stage).for_each(act);
    }

    fn is_any_alive(&self, stage: Stage) -> bool {
        self.running.borrow_mut().iter_mut().any(|process| process.spec.stage == stage && process.exit().is_none())
    }

    fn record(&self) -> Result<()> {
        let processes = self.running.borrow().iter().map(|process| process.seen.clone()).collect();
        Record { launcher: self.launcher.clone(), phase: self.phase.get(), processes }.write(&self.dir)
    }
}
