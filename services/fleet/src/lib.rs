//! The launcher: starts the whole fleet on one machine, runs its checks, and stops it without leaving anything.

pub mod bench;
pub mod certificates;
pub mod check;
pub mod cli;
pub mod databases;
pub mod demo;
pub mod doctor;
pub mod down;
pub mod errors;
pub mod generate;
pub mod launch;
pub mod logs;
pub mod packages;
pub mod postgres;
pub mod process;
pub mod progress;
pub mod psql;
pub mod rabbitmq;
pub mod ready;
pub mod servers;
pub mod services;
pub mod settings;
pub mod signals;
pub mod state;
pub mod status;
pub mod tools;
pub mod up;

use std::process::ExitCode;

use anyhow::Result;

use cli::{Cli, Demo, Global, Up, Verb};
use progress::{Progress, say};
use settings::Settings;
use state::State;
use state::ports::Explicit;

/// Does what the command line says.
pub async fn run(cli: Cli) -> ExitCode {
    match act(cli).await {
        Ok(code) => code,
        Err(error) if error.is::<up::Reported>() => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn act(cli: Cli) -> Result<ExitCode> {
    let progress = Progress::new(cli.global.plain);
    let root = state::checkout()?;
    let main_dir = root.join(".igny8");
    let dir = cli.global.state_dir.clone();
    // Tests have a directory of their own, so that they never meet a person's fleet.
    let default = if matches!(cli.verb, Verb::Servers { .. }) { main_dir.join("test") } else { main_dir.clone() };
    let state = State::open(&root, &dir.unwrap_or(default))?;
    match cli.verb {
        Verb::Up(wish) => bring_up(state, &cli.global, wish, progress).await?,
        Verb::Demo(wish) => demonstrate(state, &cli.global, wish, progress).await?,
        Verb::Down => down::down(&state, &progress).await?,
        Verb::Status { json } => return show_status(&state, json).await,
        Verb::Logs { service, follow, lines } => {
            logs::show(&state, &logs::Wish { name: service, lines, follow }).await?;
        }

        Verb::Psql { service, arguments } => {
            psql::shell(&Settings::read(state)?, cli.global.database_url.as_ref(), service.as_deref(), &arguments)?;
        }
        Verb::Reset => down::reset(&state, &progress).await?,
        Verb::Doctor => doctor::examine(&state)?,
        Verb::Test { list: true, .. } => check::list(),
        Verb::Test { only, faults, .. } => {
            let test = State::open(&root, &main_dir.join("test"))?;
            let place = check::Place { state: &state, test: &test, progress: &progress };
            if faults {
                check::run_steps(&place, &check::steps::LONG_FAULTS).await?;
            } else {
                check::run(&place, &only).await?;
            }
        }
        Verb::Bench(wish) => {
            let progress = if wish.json { Progress::aside() } else { progress };
            bench::run(State::open(&root, &main_dir.join("bench"))?, &wish, progress).await?;
        }
        Verb::Servers { stop: true, .. } => servers::stop(&state, &progress).await?,
        Verb::Servers { supervise: true, .. } => servers::supervise(state, progress).await?,
        Verb::Servers { .. } => say(&serde_json::to_string(&servers::ensure(&state).await?)?),
        Verb::Developer { email } => {
            psql::grant_developer(&Settings::read(state)?, cli.global.database_url.as_ref(), &email).await?;
        }
        Verb::Generate => generate::generate(&state, &progress).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn wishes(global: &Global, ports: Vec<Explicit>) -> up::Wishes {
    up::Wishes { ports, database_url: global.database_url.clone(), amqp_url: global.amqp_url.clone() }
}

async fn demonstrate(state: State, global: &Global, mut wish: Demo, progress: Progress) -> Result<()> {
    let wishes = wishes(global, std::mem::take(&mut wish.port));
    demo::run(state, &wishes, &wish, progress).await
}

async fn bring_up(state: State, global: &Global, wish: Up, progress: Progress) -> Result<()> {
    let wishes = wishes(global, wish.port);
    if wish.detach { up::detached(&state, &wishes).await } else { up::foreground(state, &wishes, progress).await }
}

async fn show_status(state: &State, json: bool) -> Result<ExitCode> {
    let report = status::report(state).await?;
    say(&if json { serde_json::to_string_pretty(&report)? } else { report.text() });
    Ok(if report.is_ready() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
