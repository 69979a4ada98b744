//! The PostgreSQL server of the tests.

use std::{
    fs::{self, File},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use service::registry::{Database, quote_identifier};
use tokio_postgres::{Client, NoTls};
use url::Url;

/// Names a server to use, as `postgres://user:password@host:port/postgres` of a superuser.
const VARIABLE: &str = "IGNY8_TEST_DATABASE_URL";

/// What the launcher prints about the servers that it keeps for tests.
#[derive(Deserialize)]
struct Servers {
    postgres: Url,
}

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
    let server = match std::env::var(VARIABLE) {
        Ok(url) => url.parse().with_context(|| format!("{VARIABLE} is not an address"))?,
        Err(_) => of_launcher().context("no PostgreSQL for the tests: set IGNY8_TEST_DATABASE_URL")?,
    };
    Ok(SERVER.get_or_init(|| server).clone())
}

fn of_launcher() -> Result<Url> {
    if let Some(server) = running() {
        return Ok(server);
    }
    let state = root().join(".igny8/test");
    fs::create_dir_all(&state)?;
    // Tests run in many processes at once, and one of them is to start the servers.
    let lock = File::create(state.join("testkit.lock"))?;
    lock.lock()?;
    match running() {
        Some(server) => Ok(server),
        None => start(),
    }
}

/// The launcher's server, when it has written one down that answers.
fn running() -> Option<Url> {
    let text = fs::read_to_string(root().join(".igny8/test/servers.json")).ok()?;
    let Servers { postgres } = serde_json::from_str(&text).ok()?;
    let address = (postgres.host_str()?, postgres.port()?);
    TcpStream::connect(address).ok().map(|_| postgres)
}

fn start() -> Result<Url> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut launcher = Command::new(cargo);
    launcher.args(["run", "--quiet", "--package", "fleet", "--", "servers"]).current_dir(root());
    // What cargo tells a test about itself makes build scripts run again, and all that depends on them.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        launcher.env_remove(name);
    }
    let output = launcher.output().context("could not run the launcher")?;
    if !output.status.success() {
        bail!("the launcher could not start the servers: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let Servers { postgres } = serde_json::from_slice(&output.stdout).context("the launcher printed no servers")?;
    Ok(postgres)
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
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
