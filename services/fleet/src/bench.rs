//! `bench`: what an optimised fleet does in a second, on this machine. It starts one of its own beside a person's, with data that it makes,
//! and measures through the ways that people and services use: loopback, the gateway, mutual TLS, durable disks.

mod accounts;
mod articles;
mod cluster;
mod import;
mod jobs;
mod keywords;
mod list;
mod load;
mod memory;
mod processor;

use anyhow::Result;
use serde::Serialize;

use crate::cli::{Bench, Which};
use crate::launch::Launch;
use crate::packages::{self, Package};
use crate::progress::{Progress, say};
use crate::servers::Servers;
use crate::services::{self, Manner};
use crate::signals::Signals;
use crate::state::State;
use crate::up::{self, Reported, Wishes};
use crate::{certificates, doctor, errors, ready};

/// So far above a person's fleet are its ports.
const PORTS: u16 = 20_000;

/// It is not the limits that are measured.
const WITHOUT_LIMITS: [(&str, &str); 8] = [
    ("IGNY8_RATE_ADDRESS_STANDARD", "100000000"),
    ("IGNY8_RATE_ADDRESS_CREDENTIAL", "100000000"),
    ("IGNY8_RATE_ADDRESS_AI", "100000000"),
    ("IGNY8_RATE_ADDRESS_BULK", "100000000"),
    ("IGNY8_RATE_ACCOUNT_STANDARD", "100000000"),
    ("IGNY8_RATE_ACCOUNT_CREDENTIAL", "100000000"),
    ("IGNY8_RATE_ACCOUNT_AI", "100000000"),
    ("IGNY8_RATE_ACCOUNT_BULK", "100000000"),
];

/// One measured figure.
#[derive(Debug, Serialize)]
struct Figure {
    bench: &'static str,
    case: String,
    value: f64,
    unit: &'static str,
}

/// The fleet that is measured.
#[derive(Debug)]
struct World<'l> {
    launch: &'l Launch,
    servers: Servers,
    http: reqwest::Client,
    /// As `http://127.0.0.1:27000`.
    base: String,
    /// One JSON object a line.
    json: bool,
}

impl World<'_> {
    /// At once: what comes later may fail.
    fn tell(&self, bench: &'static str, case: impl Into<String>, value: f64, unit: &'static str) -> Result<()> {
        let figure = Figure { bench, case: case.into(), value: (value * 1000.0).round() / 1000.0, unit };
        if self.json {
            say(&serde_json::to_string(&figure)?);
            return Ok(());
        }
        let Figure { bench, case, value, unit } = figure;
        let digits = if value < 10.0 { 3 } else { 1 };
        self.launch.progress.line(&format!("  {bench:<8} {case:<28} {value:>12.digits$} {unit}"));
        Ok(())
    }
}

/// Starts a fleet, measures it, and stops it.
pub async fn run(state: State, wish: &Bench, progress: Progress) -> Result<()> {
    let signals = Signals::listen()?;
    let Some(lock) = state.lock()? else { return Err(errors::already_running(&state.dir).into()) };
    let mut launch = Launch::begin(state, progress, lock)?;
    let ended = tokio::select! {
        ended = measure(&mut launch, wish) => ended,
        () = signals.first() => Ok(()),
    };
    if let Err(error) = &ended {
        launch.progress.line(&format!("error: {error:#}"));
    }
    launch.processes.stop(&signals).await;
    ended.map_err(|_| Reported.into())
}

async fn measure(launch: &mut Launch, wish: &Bench) -> Result<()> {
    let mut which = if wish.which.is_empty() {
        vec![Which::List, Which::Import, Which::Cluster, Which::Articles, Which::Jobs]
    } else {
        wish.which.clone()
    };
    // Jobs come last: then ai-processor only pretends.
    which.sort();
    which.dedup();
    doctor::refuse_low_disk(&launch.state.dir)?;
    erase(&launch.state)?;
    let needed = [Package::Postgres, Package::Rabbitmq, Package::Wrk];
    packages::ensure(&needed, &launch.settings.state, &launch.progress).await?;
    let ports: Vec<_> = up::default_ports().into_iter().map(|(name, port)| (name, port + PORTS)).collect();
    launch.ports.choose(&ports, &[])?;
    let names: Vec<_> = service::registry::services().iter().map(|service| service.name.as_str()).collect();
    certificates::ensure(&launch.state, &names)?;
    let launch = &*launch;
    let manner = Manner { dist: true, settings: WITHOUT_LIMITS.to_vec() };
    let (_specs, servers) = up::start_all(launch, &Wishes::default(), &manner).await?;
    let base = services::public_url(launch)?;
    let world = World { launch, servers, http: ready::client()?, base, json: wish.json };
    memory::idle(&world)?;
    for which in which {
        let step = launch.progress.step(&format!("measuring: {which:?}").to_lowercase());
        match which {
            Which::List => list::measure(&world, &step).await?,
            Which::Import => import::measure(&world, &step).await?,
            Which::Cluster => cluster::measure(&world, &step).await?,
            Which::Articles => articles::measure(&world, &step).await?,
            Which::Jobs => jobs::measure(&world, &step).await?,
        }
        step.done();
    }
    Ok(())
}

/// What an earlier run left: figures are of fresh tables.
fn erase(state: &State) -> Result<()> {
    if state.data.exists() {
        std::fs::remove_dir_all(&state.data)?;
    }
    Ok(())
}
