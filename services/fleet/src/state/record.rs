//! The record of a running launcher: how other verbs find it, and how the next start finds what a killed one left.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::write_private;

/// How far a launcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Starting,
    Ready,
    Stopping,
}

/// A process, told from a later one with the same number by the time it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub name: String,
    pub pid: u32,
    /// Clock ticks between the start of the machine and of the process.
    pub started: u64,
}

/// `running.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub launcher: Seen,
    pub phase: Phase,
    pub processes: Vec<Seen>,
}

impl Seen {
    /// The process with this number, now.
    pub fn now(name: &str, pid: u32) -> Option<Self> {
        Some(Self { name: name.to_owned(), pid, started: start_time(pid)? })
    }

    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }
}

impl Record {
    fn path(dir: &Path) -> PathBuf {
        dir.join("running.json")
    }

    pub fn read(dir: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(Self::path(dir)).ok()?).ok()
    }

    pub fn write(&self, dir: &Path) -> Result<()> {
        write_private(&Self::path(dir), &serde_json::to_string_pretty(self)?)
    }

    pub fn remove(dir: &Path) {
        // Nothing there is what is wanted.
        let _ = fs::remove_file(Self::path(dir));
    }

    /// The record of a launcher that still runs.
    pub fn of_living(dir: &Path) -> Option<Self> {
        Self::read(dir).filter(|record| record.launcher.is_alive())
    }
}

/// When a process started; `None` when it is gone or only waits for its parent to notice.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything, so count from its end.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut columns = rest.split_whitespace();
    let state = columns.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    columns.nth(18)?.parse().ok()
}
