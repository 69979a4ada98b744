//! What the binary can be told to do.

use std::ffi::OsString;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use secrecy::SecretString;
use service::Context;
use tonic::service::Routes;

use crate::{App, Config, MIGRATIONS, Peers, SERVICE, automation, events, folding, imports, sweeper};

/// Keywords, clusters and content ideas.
#[derive(Debug, Parser)]
#[command(name = SERVICE, version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until told to stop; the default
    Serve(Box<Serve>),
    /// Bring the database to the version of this binary
    Migrate(Migrate),
    /// Ask the service that runs with the same settings whether it serves
    Healthcheck(Box<service::Config>),
}

#[derive(Debug, clap::Args)]
struct Serve {
    #[command(flatten)]
    service: service::Config,

    #[command(flatten)]
    planner: Config,
}

#[derive(Debug, clap::Args)]
struct Migrate {
    /// The database, as a login that acts as its owner (`options=-c role=igny8_planner_owner`)
    #[arg(long, env = "IGNY8_MIGRATE_DATABASE_URL", hide_env_values = true)]
    migrate_database_url: SecretString,
}

/// Does what the command line says.
pub async fn run() -> anyhow::Result<()> {
    match Cli::parse_from(arguments(std::env::args_os().collect())).command {
        Command::Serve(settings) => serve(*settings).await,
        Command::Migrate(Migrate { migrate_database_url }) => {
            let applied = db::migrate::run(&migrate_database_url, MIGRATIONS).await?;
            say(&format!("{applied} migrations applied"));
            Ok(())
        }
        Command::Healthcheck(config) => service::healthcheck(SERVICE, &config).await,
    }
}

fn arguments(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.len() < 2 {
        arguments.push("serve".into());
    }
    arguments
}

#[expect(clippy::print_stdout, reason = "the answer to whoever typed the command")]
fn say(line: &str) {
    println!("{line}");
}

async fn serve(Serve { service, planner }: Serve) -> anyhow::Result<()> {
    service::run(SERVICE, service, async |cx| start(cx, &planner)).await
}

/// Builds what the process serves.
pub fn start(cx: &Context, config: &Config) -> anyhow::Result<Routes> {
    let peers = Peers {
        auth: cx.client("auth")?,
        billing: cx.client("billing")?,
        ai_processor: cx.client("ai-processor")?,
        writer: cx.client("writer")?,
        publisher: cx.client("publisher")?,
    };
    let app = Arc::new(App::new(config, peers)?);
    let db = app.db.clone();
    cx.ready("database", move || {
        let db = db.clone();
        async move { Ok(db.ready(&MIGRATIONS).await?) }
    });
    app.bus.attach(cx, &app.db);
    app.jobs.attach(cx);
    cx.spawn("events", events::consumer(&app).run());
    cx.spawn("keyword counts", folding::run(Arc::clone(&app)));
    cx.spawn("imports", imports::run(Arc::clone(&app)));
    cx.spawn("automation", automation::run(Arc::clone(&app)));
    cx.spawn("sweeper", sweeper::run(Arc::clone(&app)));
    Ok(crate::routes(&app))
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
    fn without_a_word_it_serves() {
        assert_eq!(arguments(vec!["planner".into()]), ["planner", "serve"]);
        assert_eq!(arguments(vec!["planner".into(), "migrate".into()]), ["planner", "migrate"]);
    }
}
