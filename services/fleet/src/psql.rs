//! `psql` and `developer`: work on the databases of a running fleet.

use std::os::unix::process::CommandExt as _;

use anyhow::{Context as _, Result};
use service::registry;
use url::Url;

use crate::errors;
use crate::packages;
use crate::postgres;
use crate::progress::Progress;
use crate::rabbitmq;
use crate::servers::Servers;
use crate::services;
use crate::settings::Settings;
use crate::state::record::Record;

/// Becomes a `psql` as superuser, in the database of `service` if one is named.
pub fn shell(settings: &Settings, server: Option<&Url>, service: Option<&str>, arguments: &[String]) -> Result<()> {
    let server = address(settings, server)?;
    let database = match service {
        None => "postgres",
        Some(name) => database_of(name)?,
    };
    let psql = packages::find("psql").context("psql was not found: install postgresql-client")?;
    let error = std::process::Command::new(psql)
        .env("PGHOST", server.host_str().unwrap_or("127.0.0.1"))
        .env("PGPORT", server.port().unwrap_or(5432).to_string())
        .env("PGUSER", server.username())
        .env("PGPASSWORD", server.password().unwrap_or_default())
        .env("PGDATABASE", database)
        .args(arguments)
        .exec();
    Err(error).context("start psql")
}

/// Makes somebody a developer, who may enter every account. No API can do that.
pub async fn grant_developer(settings: &Settings, server: Option<&Url>, email: &str) -> Result<()> {
    let servers = Servers { postgres: address(settings, server)?, amqp: rabbitmq::address(settings)? };
    let auth = registry::service("auth").context("the registry has no auth")?;
    let programs = services::build(&settings.state, &Progress::new(true), false).await?;
    let program = programs.get("auth").context("cargo built no program for auth")?;
    let status = tokio::process::Command::new(program)
        .args(["grant-developer", "--email", email])
        .envs(services::environment(settings, &servers, auth)?)
        .status()
        .await?;
    anyhow::ensure!(status.success(), "auth did not make {email} a developer");
    Ok(())
}

fn address(settings: &Settings, given: Option<&Url>) -> Result<Url> {
    if let Some(url) = given {
        return Ok(url.clone());
    }
    Record::of_living(&settings.state.dir).ok_or_else(errors::not_running)?;
    postgres::url(settings)
}

fn database_of(service: &str) -> Result<&'static str> {
    let found = registry::service(service).and_then(|service| service.database.as_ref());
    found.map(|database| database.name.as_str()).ok_or_else(|| {
        let with_database = registry::services().iter().filter(|service| service.database.is_some());
        let names: Vec<_> = with_database.map(|service| service.name.as_str()).collect();
        let why = "no service of this name has one";
        errors::problem(
            format!("there is no database of `{service}`"),
            why,
            format!("use one of: {}", names.join(", ")),
        )
        .into()
    })
}
