//! `status`: what runs, where, and whether it says that it is ready.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use serde::Serialize;

use crate::services::{admin_name, public_url};
use crate::settings::Settings;
use crate::state::State;
use crate::state::record::{Phase, Record, Seen};
use crate::{ready, services};

/// The fleet as other programs read it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Absent when it does not run.
    pub phase: Option<Phase>,
    pub url: Option<String>,
    pub launcher_pid: Option<u32>,
    pub processes: Vec<Row>,
}

/// One process.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub pid: u32,
    pub port: Option<u16>,
    pub alive: bool,
    /// Absent for servers, which have no such question.
    pub ready: Option<bool>,
    pub memory_mib: u64,
}

/// Asks every process.
pub async fn report(state: &State) -> Result<Report> {
    let Some(record) = Record::of_living(&state.dir) else {
        return Ok(Report { phase: None, url: None, launcher_pid: None, processes: Vec::new() });
    };
    let settings = Settings::read(state.clone())?;
    let client = ready::client()?;
    let mut processes = Vec::new();
    for seen in &record.processes {
        processes.push(row(&settings, &client, seen).await);
    }
    Ok(Report {
        phase: Some(record.phase),
        url: public_url(&settings).ok(),
        launcher_pid: Some(record.launcher.pid),
        processes,
    })
}

async fn row(settings: &Settings, client: &reqwest::Client, seen: &Seen) -> Row {
    let admin = settings.ports.get(&admin_name(&seen.name));
    Row {
        name: seen.name.clone(),
        pid: seen.pid,
        port: settings.ports.get(&seen.name),
        alive: seen.is_alive(),
        ready: match admin {
            Some(port) => Some(ready::is_ready(client, port).await),
            None => None,
        },
        memory_mib: memory_mib(seen.pid),
    }
}

/// Resident memory; zero when the process is gone.
fn memory_mib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0_u64) / 1024
}

impl Report {
    /// Whether everything runs and is ready.
    pub fn is_ready(&self) -> bool {
        self.phase == Some(Phase::Ready) && self.processes.iter().all(|row| row.alive && row.ready != Some(false))
    }

    /// For a person.
    pub fn text(&self) -> String {
        let (Some(phase), Some(pid)) = (self.phase, self.launcher_pid) else {
            return "The fleet is not running. Start it with: cargo fleet up".to_owned();
        };
        let phase = match phase {
            Phase::Starting => "starting",
            Phase::Ready => "ready",
            Phase::Stopping => "stopping",
        };
        let url = self.url.as_deref().unwrap_or("-");
        let mut text = format!("The fleet is {phase} (launcher: process {pid}). {url}\n\n");
        let _ = writeln!(text, "  {:<12} {:>8} {:>6} {:>8}  state", "name", "process", "port", "memory");
        for row in &self.processes {
            let port = row.port.map_or_else(|| "-".to_owned(), |port| port.to_string());
            let state = match (row.alive, row.ready) {
                (false, _) => "ended",
                (true, Some(false)) => "not ready",
                (true, Some(true)) => "ready",
                (true, None) => "running",
            };
            let _ = writeln!(text, "  {:<12} {:>8} {:>6} {:>4} MiB  {state}", row.name, row.pid, port, row.memory_mib);
        }
        text.trim_end().to_owned()
    }
}

/// What a person sees once everything runs.
pub fn welcome(settings: &Settings) -> Result<String> {
    let (url, password) = (services::public_url(settings)?, settings.password(ready::DEMO_PASSWORD)?);
    let user = ready::DEMO_EMAIL;
    Ok(format!(
        "  URL       {url}\n  user      {user}\n  password  {password}\n\n  cargo fleet status     what runs\n  cargo fleet logs auth  what a service says\n  cargo fleet down       stop it"
    ))
}
