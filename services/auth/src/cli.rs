//! What the binary can be told to do.

use std::ffi::OsString;
use std::sync::Arc;

use anyhow::Context as _;
use bus::Bus;
use clap::{Parser, Subcommand};
use secrecy::SecretString;
use service::Context;
use tonic::service::Routes;

use crate::{App, Config, MIGRATIONS, accounts, email, keys, mail, sweeper};

const SERVICE: &str = "auth";

/// Accounts, their people and sites, and the proof of who is calling.
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
    Healthcheck(service::Config),
    /// Make a user a developer: staff, who may enter any account
    GrantDeveloper(GrantDeveloper),
}

#[derive(Debug, clap::Args)]
struct Serve {
    #[command(flatten)]
    service: service::Config,

    #[command(flatten)]
    bus: bus::Config,

    #[command(flatten)]
    auth: Config,
}

#[derive(Debug, clap::Args)]
struct Migrate {
    /// The database, as a login that acts as its owner (`options=-c role=igny8_auth_owner`)
    #[arg(long, env = "IGNY8_MIGRATE_DATABASE_URL", hide_env_values = true)]
    migrate_database_url: SecretString,
}

#[derive(Debug, clap::Args)]
struct GrantDeveloper {
    #[command(flatten)]
    db: db::Config,

    /// The e-mail address of the user
    #[arg(long)]
    email: String,
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
        Command::GrantDeveloper(GrantDeveloper { db, email: address }) => {
            let db = db::Db::connect(&db)?;
            let granted = accounts::grant_developer(&db, &email::normalise(&address)).await;
            granted.with_context(|| format!("could not make {address} a developer"))?;
            say(&format!("{address} is a developer"));
            Ok(())
        }
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

async fn serve(Serve { service, bus, auth }: Serve) -> anyhow::Result<()> {
    service::run(SERVICE, service, async |cx| start(cx, &bus, &auth)).await
}

/// Builds what the process serves.
pub fn start(cx: &Context, bus: &bus::Config, config: &Config) -> anyhow::Result<Routes> {
    let app = Arc::new(App::new(config)?);
    cx.verify_with(app.keys.public())?;
    let db = app.db.clone();
    cx.ready("database", move || {
        let db = db.clone();
        async move { Ok(db.ready(&MIGRATIONS).await?) }
    });
    Bus::new(SERVICE, bus)?.attach(cx, &app.db);
    cx.spawn("signing keys", keys::rotation::run(Arc::clone(&app)));
    cx.spawn("mail", mail::run(Arc::clone(&app)));
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
        assert_eq!(arguments(vec!["auth".into()]), ["auth", "serve"]);
        assert_eq!(arguments(vec!["auth".into(), "migrate".into()]), ["auth", "migrate"]);
    }
}
