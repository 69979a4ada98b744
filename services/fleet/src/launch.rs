//! A launcher at work: the one that holds a state directory and starts processes on it.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::errors;
use crate::process::group::Processes;
use crate::process::{self, exit_text, log, run};
use crate::progress::Progress;
use crate::settings::Settings;
use crate::state::record::Record;
use crate::state::{Lock, State};

/// How often a starting process is asked whether it is ready.
const LOOK: Duration = Duration::from_millis(100);

/// Settings, and the processes that were started from them.
#[derive(Debug)]
pub struct Launch {
    pub settings: Settings,
    pub processes: Processes,
    pub progress: Progress,
    _lock: Lock,
}

impl Launch {
    /// Takes the state over, and ends whatever a killed launcher left.
    pub fn begin(state: State, progress: Progress, lock: Lock) -> Result<Self> {
        state.check_version()?;
        if let Some(record) = Record::read(&state.dir) {
            let killed = process::kill_leftovers(&record.processes);
            if !killed.is_empty() {
                progress.line(&format!("  ended what an earlier launcher left: {}", killed.join(", ")));
            }
        }
        let processes = Processes::new(&state.dir)?;
        Ok(Self { settings: Settings::read(state)?, processes, progress, _lock: lock })
    }

    /// Waits until `probe` says yes, for as long as the process of this name lives.
    pub async fn wait_until(&self, name: &str, limit: Duration, probe: impl AsyncFn() -> bool) -> Result<()> {
        let begun = Instant::now();
        let last_lines = || log::last_lines(&self.state.log(name), run::LAST_LINES);
        loop {
            if let Some(status) = self.processes.exit_of(name) {
                return Err(errors::crashed(name, &exit_text(status), &last_lines()).into());
            }
            if probe().await {
                return Ok(());
            }
            if begun.elapsed() >= limit {
                return Err(errors::boot_timeout(name, limit.as_secs(), &last_lines()).into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Deref for Launch {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl DerefMut for Launch {
    fn deref_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }
}
