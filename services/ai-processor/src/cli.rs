//! What the binary can be told to do.

use std::ffi::OsString;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use secrecy::SecretString;
use service::{Context, Signals};
use tonic::service::Routes;

use crate::{App, Config, MIGRATIONS, Surroundings, dispatcher, events, progress, retention, sweeper, worker};

const SERVICE: &str = "ai-processor";

/// Everything that decides what the AI says: jobs, providers, prompts.
#[derive(Debug, Parser)]
#[command(name = SERVICE, version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, dispatch and sweep, until told to stop
    Serve(Box<Settings<service::Config>>),
    /// Work on jobs until told to stop; any number of processes may
    Work(Box<Settings<service::ProcessConfig>>),
    /// Both in one process; the default
    All(Box<Settings<service::Config>>),
    /// Bring the database to the version of this binary
    Migrate(Migrate),
    /// Ask the service that runs with the same settings whether it serves
    Healthcheck(Box<Healthcheck>),
}

#[derive(Debug, clap::Args)]
struct Settings<S: clap::Args> {
    #[command(flatten)]
    service: S,

    #[command(flatten)]
    ai_processor: Config,
}

#[derive(Debug, clap::Args)]
struct Migrate {
    /// The database, as a login that acts as its owner (`options=-c role=igny8_ai_processor_owner`)
    #[arg(long, env = "IGNY8_MIGRATE_DATABASE_URL", hide_env_values = true)]
    migrate_database_url: SecretString,
}

#[derive(Debug, clap::Args)]
struct Healthcheck {
    #[command(flatten)]
    service: service::Config,

    /// Ask a process that only works
    #[arg(long)]
    work: bool,
}

/// Does what the command line says.
pub async fn run() -> anyhow::Result<()> {
    match Cli::parse_from(arguments(std::env::args_os().collect())).command {
        Command::Serve(settings) => {
            service::run(SERVICE, settings.service, async |cx| serve(cx, &settings.ai_processor)).await
        }
        Command::All(settings) => {
            service::run(SERVICE, settings.service, async |cx| all(cx, &settings.ai_processor)).await
        }
        Command::Work(settings) => {
            let signals = Signals::of_process()?;
            let config = &settings.ai_processor;
            service::run_process(SERVICE, &settings.service, signals, async |cx| work(cx, config)).await
        }
        Command::Migrate(Migrate { migrate_database_url }) => {
            let applied = db::migrate::run(&migrate_database_url, MIGRATIONS).await?;
            say(&format!("{applied} migrations applied"));
            Ok(())
        }
        Command::Healthcheck(asked) if asked.work => service::healthcheck_admin(SERVICE, &asked.service.process).await,
        Command::Healthcheck(asked) => service::healthcheck(SERVICE, &asked.service).await,
    }
}

fn arguments(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.len() < 2 {
        arguments.push("all".into());
    }
    arguments
}

#[expect(clippy::print_stdout, reason = "the answer to whoever typed the command")]
fn say(line: &str) {
    println!("{line}");
}

/// What every command needs.
fn start(cx: &Context, config: &Config) -> anyhow::Result<Arc<App>> {
    let bus = bus::Bus::new(SERVICE, &config.bus)?;
    let surroundings = Surroundings {
        bus: bus.clone(),
        auth: cx.client("auth")?,
        billing: cx.client("billing")?,
        stop: cx.shutdown().clone(),
    };
    let app = Arc::new(App::new(config, surroundings)?);
    let db = app.db.clone();
    cx.ready("database", move || {
        let db = db.clone();
        async move { Ok(db.ready(&MIGRATIONS).await?) }
    });
    bus.attach(cx, &app.db);
    Ok(app)
}

/// Accepts jobs and keeps them moving.
fn api(cx: &Context, app: &Arc<App>) -> Routes {
    cx.spawn("dispatcher", dispatcher::run(Arc::clone(app)));
    cx.spawn("sweeper", sweeper::run(Arc::clone(app)));
    cx.spawn("retention", retention::run(app.db.clone()));
    cx.spawn("events", events::consumer(app).run());
    cx.spawn("watches", progress::run(Arc::clone(app)));
    crate::routes(app)
}

fn serve(cx: &Context, config: &Config) -> anyhow::Result<Routes> {
    let app = start(cx, config)?;
    Ok(api(cx, &app))
}

/// Builds what a process serves that works on jobs too.
pub fn all(cx: &Context, config: &Config) -> anyhow::Result<Routes> {
    let app = start(cx, config)?;
    cx.spawn_to_end("workers", worker::run(Arc::clone(&app)));
    Ok(api(cx, &app))
}

fn work(cx: &Context, config: &Config) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + use<>> {
    let app = start(cx, config)?;
    Ok(async move {
        Box::pin(worker::run(app)).await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_word_it_does_everything() {
        assert_eq!(arguments(vec!["ai-processor".into()]), ["ai-processor", "all"]);
        assert_eq!(arguments(vec!["ai-processor".into(), "migrate".into()]), ["ai-processor", "migrate"]);
    }
}
