//! `down` and `reset`: stop what runs; erase what was kept.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::errors;
use crate::process;
use crate::progress::{Progress, say};
use crate::state::State;
use crate::state::record::Record;

/// How long an ordered stop may take before it is asked for more haste, and again.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);

/// Stops the launcher of this state and everything that it started. Nothing running is no failure.
pub async fn stop(state: &State, progress: &Progress) -> Result<bool> {
    let Some(record) = Record::read(&state.dir) else { return Ok(false) };
    let ran = record.launcher.is_alive();
    if ran {
        let step = progress.step("stopping");
        process::terminate(&record.launcher);
        let mut asked = Instant::now();
        let mut times = 1;
        while record.launcher.is_alive() {
            if asked.elapsed() > PATIENCE {
                anyhow::ensure!(times < 3, "the launcher (process {}) does not end", record.launcher.pid);
                process::terminate(&record.launcher);
                (asked, times) = (Instant::now(), times + 1);
            }
            tokio::time::sleep(LOOK).await;
        }
        step.done();
    }
    process::kill_leftovers(&record.processes);
    Record::remove(&state.dir);
    Ok(ran)
}

/// `down`.
pub async fn down(state: &State, progress: &Progress) -> Result<()> {
    if !stop(state, progress).await? {
        say("The fleet is not running.");
    }
    Ok(())
}

/// `reset`.
pub async fn reset(state: &State, progress: &Progress) -> Result<()> {
    stop_and_erase(state, progress).await?;
    say("The state of the fleet is erased; the next `cargo fleet up` starts from nothing.");
    Ok(())
}

/// Erases data, the demo's WordPress, secrets, ports, certificates and logs of this state. Test servers and tools stay.
pub async fn stop_and_erase(state: &State, progress: &Progress) -> Result<()> {
    stop(state, progress).await?;
    let lock = state.lock()?;
    if lock.is_none() {
        return Err(errors::already_running(&state.dir).into());
    }
    erase(&state.data)?;
    for name in ["data", "wordpress", "tls", "mail", "logs", "ports.json", "secrets.json", "version"] {
        erase(&state.dir.join(name))?;
    }
    Ok(())
}

fn erase(path: &Path) -> Result<()> {
    let erased = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match erased {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("erase {}", path.display()))
        }
        _ => Ok(()),
    }
}
