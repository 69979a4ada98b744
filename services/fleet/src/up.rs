//! `up`: the whole fleet, from nothing to a signed-in request.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use url::Url;

use crate::errors;
use crate::launch::Launch;
use crate::packages::{self, Package};
use crate::postgres::{self, Durability};
use crate::process::{Spec, exit_text, log, run};
use crate::progress::{Progress, say};
use crate::servers::Servers;
use crate::services::{self, Manner, Programs};
use crate::signals::Signals;
use crate::state::State;
use crate::state::ports::Explicit;
use crate::state::record::{Phase, Record};
use crate::{certificates, databases, doctor, rabbitmq, ready, status};

/// A crashed service is started again after this long, doubled each time.
const RESTART_AFTER: Duration = Duration::from_secs(1);
const RESTART_AT_MOST: Duration = Duration::from_secs(30);

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    pub ports: Vec<Explicit>,
    /// Use this PostgreSQL, as superuser, instead of a private one.
    pub database_url: Option<Url>,
    /// Use this RabbitMQ instead of a private one.
    pub amqp_url: Option<Url>,
}

/// Starts the fleet and stays until a signal; answers at once when it runs already.
pub async fn foreground(state: State, wishes: &Wishes, progress: Progress) -> Result<()> {
    let begun = Instant::now();
    let signals = Signals::listen()?;
    let Some(lock) = state.lock()? else {
        let report = status::report(&state).await?;
        say(&report.text());
        return Ok(());
    };
    let mut launch = Launch::begin(state, progress, lock)?;
    let ended = tokio::select! {
        ended = run(&mut launch, wishes, begun) => ended,
        () = signals.first() => Ok(()),
    };
    if let Err(error) = &ended {
        launch.progress.line(&format!("error: {error:#}"));
    }
    stop(&launch, &signals).await;
    ended.map_err(|_| Reported.into())
}

/// The failure was shown when it happened, before everything was stopped.
#[derive(Debug)]
pub struct Reported;

impl std::fmt::Display for Reported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the fleet has stopped")
    }
}

impl std::error::Error for Reported {}

/// Stops all that the launcher started.
pub async fn stop(launch: &Launch, signals: &Signals) {
    let step = launch.progress.step("stopping (Ctrl-C again: faster; a third time: at once)");
    launch.processes.stop(signals).await;
    step.done();
}

async fn run(launch: &mut Launch, wishes: &Wishes, begun: Instant) -> Result<()> {
    prepare(launch, wishes).await?;
    let specs = start(launch, wishes, &Manner::default()).await?;
    launch.progress.line(&format!("ready after {:.1} s\n", begun.elapsed().as_secs_f32()));
    launch.progress.line(&status::welcome(launch)?);
    launch.processes.set_phase(Phase::Ready)?;
    watch(launch, specs).await
}

/// Packages, ports and certificates.
pub async fn prepare(launch: &mut Launch, wishes: &Wishes) -> Result<()> {
    launch.progress.line("starting the fleet");
    doctor::refuse_low_disk(&launch.state.dir)?;
    let needed = needed_packages(wishes);
    packages::ensure(&needed, &launch.settings.state, &launch.progress).await?;
    launch.ports.choose(&default_ports(), &wishes.ports)?;
    let names: Vec<_> = service::registry::services().iter().map(|service| service.name.as_str()).collect();
    certificates::ensure(&launch.state, &names)
}

/// Starts everything; ends when services answer a request through REST.
pub async fn start(launch: &Launch, wishes: &Wishes, manner: &Manner) -> Result<Vec<Spec>> {
    let (specs, _servers) = start_all(launch, wishes, manner).await?;
    let client = ready::client()?;
    let round_trip = ready::round_trip(launch, &client).await;
    // Another program on a port of ours would have answered in place of a service that could not start.
    if let Some((spec, status)) = launch.processes.take_ended() {
        return Err(crash(&spec, status).into());
    }
    round_trip?;
    Ok(specs)
}

/// Names and usual numbers of all ports.
pub fn default_ports() -> Vec<(String, u16)> {
    let mut ports = services::default_ports();
    ports.extend(server_ports(0));
    ports
}

/// The ports of PostgreSQL, RabbitMQ and what belongs to them, so far above the usual ones.
pub fn server_ports(above: u16) -> Vec<(String, u16)> {
    let ports =
        [(postgres::NAME, 7432), (rabbitmq::NAME, 7672), (rabbitmq::EPMD, 7369), (rabbitmq::DISTRIBUTION, 7673)];
    ports.map(|(name, port)| (name.to_owned(), port + above)).to_vec()
}

fn needed_packages(wishes: &Wishes) -> Vec<Package> {
    let postgres = wishes.database_url.is_none().then_some(Package::Postgres);
    let rabbitmq = wishes.amqp_url.is_none().then_some(Package::Rabbitmq);
    postgres.into_iter().chain(rabbitmq).collect()
}

async fn broker(launch: &Launch, wishes: &Wishes) -> Result<Url> {
    match &wishes.amqp_url {
        Some(url) => {
            anyhow::ensure!(rabbitmq::answers(url).await, "no RabbitMQ that knows this user answers at --amqp-url");
            Ok(url.clone())
        }
        None => rabbitmq::start(launch, &[]).await,
    }
}

async fn database(launch: &Launch, wishes: &Wishes) -> Result<Url> {
    let url = match &wishes.database_url {
        Some(url) => url.clone(),
        None => postgres::start(launch, Durability::Full).await?,
    };
    databases::bootstrap(launch, &url).await?;
    Ok(url)
}

/// Starts servers and services until all are ready. Packages, ports and certificates are there.
pub async fn start_all(launch: &Launch, wishes: &Wishes, manner: &Manner) -> Result<(Vec<Spec>, Servers)> {
    // The broker takes longest and nobody waits for it to start.
    let (started, _amqp) = tokio::try_join!(start_services(launch, wishes, manner), broker(launch, wishes))?;
    Ok(started)
}

async fn start_services(launch: &Launch, wishes: &Wishes, manner: &Manner) -> Result<(Vec<Spec>, Servers)> {
    let build = services::build(&launch.state, &launch.progress, manner.dist);
    let (programs, server): (Programs, Url) = tokio::try_join!(build, database(launch, wishes))?;
    let amqp = wishes.amqp_url.clone().map_or_else(|| rabbitmq::address(launch), Ok)?;
    let servers = Servers { postgres: server, amqp };
    services::migrate(launch, &servers, &programs).await?;
    let step = launch.progress.step("services");
    let specs = services::specs(launch, &servers, &programs, manner)?;
    let client = ready::client()?;
    for spec in &specs {
        launch.processes.start(spec.clone())?;
    }
    for spec in &specs {
        step.detail(&spec.name);
        ready::wait_for(launch, &client, &spec.name).await?;
    }
    step.done();
    Ok((specs, servers))
}

/// Starts services that crash again, with growing pauses; ends when a server that holds data is gone.
pub async fn watch(launch: &Launch, services: Vec<Spec>) -> Result<()> {
    let mut pause = RESTART_AFTER;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let Some((spec, status)) = launch.processes.take_ended() else { continue };
        let crash = crash(&spec, status);
        if !services.iter().any(|service| service.name == spec.name) {
            return Err(crash.into());
        }
        launch.progress.line(&format!("{crash}\n  starting {} again in {} s", spec.name, pause.as_secs()));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RESTART_AT_MOST);
        launch.processes.start(spec)?;
    }
}

fn crash(spec: &Spec, status: ExitStatus) -> errors::Problem {
    errors::crashed(&spec.name, &exit_text(status), &log::last_lines(&spec.log, run::LAST_LINES))
}

/// Starts a launcher in the background and answers when it is ready.
pub async fn detached(state: &State, wishes: &Wishes) -> Result<()> {
    if Record::of_living(&state.dir).is_some() {
        say(&status::report(state).await?.text());
        return Ok(());
    }
    in_background(state, wishes, say).await?;
    say("\nIt runs in the background; `cargo fleet down` stops it.");
    Ok(())
}

/// The same; what the launcher says goes to `show`.
pub async fn in_background(state: &State, wishes: &Wishes, show: impl Fn(&str)) -> Result<()> {
    let ports = wishes.ports.iter().map(|wish| format!("--port={}={}", wish.name, wish.port));
    let arguments: Vec<_> = std::iter::once("up".to_owned()).chain(ports).collect();
    let mut child = spawn_detached(state, "fleet", &arguments, wishes)?;
    let mut shown = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let exit = child.try_wait()?;
        let is_ready = Record::of_living(&state.dir).is_some_and(|record| record.phase == Phase::Ready);
        // Read after the two questions above, so that nothing written before is missed.
        let text = std::fs::read_to_string(state.log("fleet")).unwrap_or_default();
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        if let Some(fresh) = text.get(shown..complete).filter(|fresh| !fresh.is_empty()) {
            show(fresh.trim_end());
            shown = complete;
        }
        if exit.is_some() {
            return Err(Reported.into());
        }
        if is_ready {
            return Ok(());
        }
    }
}

/// Where this program is. A build may have replaced the file since it was started: then Linux marks the name, and the new one is meant.
fn this_program() -> Result<PathBuf> {
    let path = std::env::current_exe().context("find this program")?;
    let name = path.to_string_lossy();
    Ok(name.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}

/// This program once more, in a session of its own, with its output in a log.
pub fn spawn_detached(state: &State, name: &str, arguments: &[String], wishes: &Wishes) -> Result<std::process::Child> {
    let (out, err) = log::fresh(&state.log(name))?;
    let mut command = std::process::Command::new("setsid");
    command.arg(this_program()?);
    command.args(["--plain", "--state-dir"]).arg(&state.dir).args(arguments);
    // Not as arguments: every user of the machine may read those.
    let urls = [("IGNY8_FLEET_DATABASE_URL", &wishes.database_url), ("IGNY8_FLEET_AMQP_URL", &wishes.amqp_url)];
    command.envs(urls.into_iter().filter_map(|(name, url)| Some((name, url.as_ref()?.as_str()))));
    command.current_dir(&state.root).stdin(Stdio::null()).stdout(out).stderr(err);
    command.spawn().context("start the launcher in the background")
}
