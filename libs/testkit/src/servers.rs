//! The servers that the launcher keeps for tests.

use std::{
    fs::{self, File},
    net::TcpStream,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use url::Url;

/// What the launcher prints about them.
#[derive(Deserialize)]
pub(crate) struct Servers {
    pub(crate) postgres: Url,
    pub(crate) amqp: Url,
}

/// The address in an environment variable, else one of the launcher's servers, which are started if need be.
pub(crate) fn named_by(variable: &str, of: impl Fn(Servers) -> Url) -> Result<Url> {
    match std::env::var(variable) {
        Ok(url) => url.parse().with_context(|| format!("{variable} is not an address")),
        Err(_) => of_launcher().map(of).with_context(|| format!("no server for the tests: set {variable}")),
    }
}

fn of_launcher() -> Result<Servers> {
    if let Some(servers) = running() {
        return Ok(servers);
    }
    let state = root().join(".igny8/test");
    fs::create_dir_all(&state)?;
    // Tests run in many processes at once, and one of them is to start the servers.
    let lock = File::create(state.join("testkit.lock"))?;
    lock.lock()?;
    match running() {
        Some(servers) => Ok(servers),
        None => start(),
    }
}

/// The launcher's servers, when it has written down some that answer.
fn running() -> Option<Servers> {
    let text = fs::read_to_string(root().join(".igny8/test/servers.json")).ok()?;
    let servers: Servers = serde_json::from_str(&text).ok()?;
    (answers(&servers.postgres) && answers(&servers.amqp)).then_some(servers)
}

fn answers(server: &Url) -> bool {
    let address = server.host_str().zip(server.port());
    address.is_some_and(|address| TcpStream::connect(address).is_ok())
}

fn start() -> Result<Servers> {
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
    serde_json::from_slice(&output.stdout).context("the launcher printed no servers")
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
