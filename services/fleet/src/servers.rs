//! `servers`: one PostgreSQL and one RabbitMQ for all tests, in the background, under `.igny8/test`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::launch::Launch;
use crate::packages::{self, Package};
use crate::postgres::{self, Durability};
use crate::process::{exit_text, log, run};
use crate::progress::Progress;
use crate::signals::Signals;
use crate::state::record::{Phase, Record};
use crate::state::{State, write_private};
use crate::up::{Reported, Wishes, server_ports, spawn_detached};
use crate::{down, errors, rabbitmq};

const LOOK: Duration = Duration::from_millis(100);
/// How far above those of a fleet their ports are, so that both can run.
const TEST_PORTS: u16 = 10_000;
/// `test-1` and so on: tests that need a broker take one each.
const TEST_VHOSTS: usize = 24;

/// `servers.json`, and what the verb prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servers {
    /// As superuser. Other roles of this server need no password.
    pub postgres: Url,
    pub amqp: Url,
}

impl Servers {
    fn path(state: &State) -> PathBuf {
        state.dir.join("servers.json")
    }

    fn read(state: &State) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(Self::path(state)).ok()?).ok()
    }

    async fn answer(&self) -> bool {
        postgres::answers(&self.postgres).await && rabbitmq::answers(&self.amqp).await
    }
}

/// Whether the servers run.
pub async fn run_already(state: &State) -> bool {
    running(state).await.is_some()
}

/// Starts the servers unless they run, and answers where they are.
pub async fn ensure(state: &State) -> Result<Servers> {
    // Many tests may ask at once; the first one starts them.
    let _turn = state.wait_for_turn()?;
    if let Some(servers) = running(state).await {
        return Ok(servers);
    }
    down::stop(state, &Progress::new(true)).await?;
    let arguments = ["servers", "--supervise"].map(str::to_owned);
    let mut supervisor = spawn_detached(state, "servers", &arguments, &Wishes::default())?;
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some(status) = supervisor.try_wait()? {
            let last = log::last_lines(&state.log("servers"), run::LAST_LINES);
            return Err(errors::command_failed("starting the test servers", &exit_text(status), &last).into());
        }
        if let Some(servers) = running(state).await {
            return Ok(servers);
        }
    }
}

async fn running(state: &State) -> Option<Servers> {
    Record::of_living(&state.dir).filter(|record| record.phase == Phase::Ready)?;
    let servers = Servers::read(state)?;
    servers.answer().await.then_some(servers)
}

/// Stops them.
pub async fn stop(state: &State, progress: &Progress) -> Result<()> {
    down::stop(state, progress).await.map(drop)
}

/// Runs them until a signal: the process in the background.
pub async fn supervise(state: State, progress: Progress) -> Result<()> {
    let signals = Signals::listen()?;
    let Some(lock) = state.lock()? else { return Err(errors::already_running(&state.dir).into()) };
    let mut launch = Launch::begin(state, progress, lock)?;
    let ended = tokio::select! {
        ended = serve(&mut launch) => ended,
        () = signals.first() => Ok(()),
    };
    if let Err(error) = &ended {
        launch.progress.line(&format!("error: {error:#}"));
    }
    // Nobody has to find servers that stop.
    let _ = fs::remove_file(Servers::path(&launch.state));
    launch.processes.stop(&signals).await;
    ended.map_err(|_| Reported.into())
}

async fn serve(launch: &mut Launch) -> Result<()> {
    packages::ensure(&[Package::Postgres, Package::Rabbitmq], &launch.settings.state, &launch.progress).await?;
    launch.ports.choose(&server_ports(TEST_PORTS), &[])?;
    let launch = &*launch;
    let vhosts: Vec<String> = (1..=TEST_VHOSTS).map(|number| format!("test-{number}")).collect();
    let (postgres, amqp) =
        tokio::try_join!(postgres::start(launch, Durability::Tests), rabbitmq::start(launch, &vhosts))?;
    let text = serde_json::to_string_pretty(&Servers { postgres, amqp }).context("write the servers' addresses")?;
    write_private(&Servers::path(&launch.state), &text)?;
    launch.processes.set_phase(Phase::Ready)?;
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some((spec, status)) = launch.processes.take_ended() {
            let last = log::last_lines(&spec.log, run::LAST_LINES);
            return Err(errors::crashed(&spec.name, &exit_text(status), &last).into());
        }
    }
}
