//! The PostgreSQL server of the tests.

use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use service::registry::{Database, quote_identifier};
use tokio_postgres::{Client, NoTls};
use url::Url;

use crate::servers;

/// Names a server to use, as `postgres://user:password@host:port/postgres` of a superuser.
const VARIABLE: &str = "IGNY8_TEST_DATABASE_URL";

/// The server of the tests, as its superuser: for a test that makes databases of its own.
///
/// # Panics
/// There is none and it could not be started.
pub async fn server_url() -> Url {
    let server = tokio::task::spawn_blocking(server).await;
    crate::or_fail(server.map_err(anyhow::Error::new).flatten())
}

/// The server that [`VARIABLE`] names, else the launcher's, which is started if need be.
pub(crate) fn server() -> Result<Url> {
    static SERVER: OnceLock<Url> = OnceLock::new();
    if let Some(server) = SERVER.get() {
        return Ok(server.clone());
    }
    let server = servers::named_by(VARIABLE, |servers| servers.postgres)?;
    Ok(SERVER.get_or_init(|| server).clone())
}

/// A connection whose name others can see as long as it lives.
pub(crate) async fn connect(server: &Url, name: &str) -> Result<Client> {
    let mut config: tokio_postgres::Config = server.as_str().parse()?;
    config.application_name(name);
    let connected = config.connect(NoTls).await;
    let (client, connection) =
        connected.with_context(|| format!("could not connect to {}", without_password(server)))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Runs statements one by one, as `CREATE DATABASE` must.
pub(crate) async fn execute(client: &Client, statements: &[String]) -> Result<()> {
    for statement in statements {
        client.batch_execute(statement).await?;
    }
    Ok(())
}

pub(crate) async fn drop_database(admin: &Client, name: &str) -> Result<()> {
    let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(name));
    execute(admin, &[statement]).await
}

/// The same server, another database.
pub(crate) fn at(server: &Url, database: &str) -> Url {
    let mut url = server.clone();
    url.set_path(database);
    url
}

/// The database as a superuser that acts as its owner.
pub(crate) fn as_owner(server: &Url, database: &Database) -> Url {
    let mut url = at(server, &database.name);
    url.set_query(Some(&format!("options=-c%20role%3D{}", database.owner)));
    url
}

fn without_password(server: &Url) -> Url {
    let mut server = server.clone();
    // It has none where this fails.
    let _ = server.set_password(None);
    server
}
