//! A private PostgreSQL: its own data, account and port, no socket files, gone with the launcher.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use tokio_postgres::NoTls;
use url::Url;

use crate::errors;
use crate::launch::Launch;
use crate::packages;
use crate::process::{Spec, Stage, guarded, run};
use crate::settings::Settings;
use crate::state::write_private;

pub const NAME: &str = "postgres";
const START_LIMIT: Duration = Duration::from_mins(1);
/// Durable at a crash of the machine. The only thing tests give up for speed.
const IN_A_HURRY: [&str; 3] = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// What the data is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A person's fleet.
    Full,
    /// Tests: nothing has to survive a power cut, and roles other than the superuser need no password.
    Tests,
}

/// Starts PostgreSQL and answers the superuser's address.
pub async fn start(launch: &Launch, durability: Durability) -> Result<Url> {
    let step = launch.progress.step("PostgreSQL");
    let bins = packages::postgres_bins()?;
    let data = launch.state.data.join("postgres");
    let bin = if data.exists() { bin_for(&data, &bins)? } else { newest(&bins)? };
    if !data.exists() {
        step.detail("making an empty cluster");
        initialise(launch, &bin, &data, durability).await?;
    }
    launch.processes.start(spec(launch, &bin, &data, durability)?)?;
    let url = url(launch)?;
    launch.wait_until(NAME, START_LIMIT, async || answers(&url).await).await?;
    step.done();
    Ok(url)
}

/// The superuser's address.
pub fn url(settings: &Settings) -> Result<Url> {
    let (port, password) = (settings.port(NAME)?, settings.password(NAME)?);
    Ok(Url::parse(&format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres"))?)
}

/// Whether a server at `url` lets us in.
pub async fn answers(url: &Url) -> bool {
    connect(url).await.is_ok()
}

/// A connection that closes when its client is dropped.
pub async fn connect(url: &Url) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config: tokio_postgres::Config = url.as_str().parse()?;
    config.connect_timeout(Duration::from_secs(5));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn newest(bins: &[PathBuf]) -> Result<PathBuf> {
    bins.first().cloned().context("PostgreSQL's server programs were not found")
}

/// The programs of the version that made the data; no other can read it.
fn bin_for(data: &Path, bins: &[PathBuf]) -> Result<PathBuf> {
    let made_by = fs::read_to_string(data.join("PG_VERSION")).context("read the version of the databases")?;
    let made_by = made_by.trim();
    let found = bins.iter().find(|bin| major_of(bin).as_deref() == Some(made_by));
    found.cloned().ok_or_else(|| {
        let installed: Vec<_> = bins.iter().filter_map(|bin| major_of(bin)).collect();
        errors::postgres_of_another_version(data, made_by, &installed.join(", ")).into()
    })
}

fn major_of(bin: &Path) -> Option<String> {
    let output = std::process::Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    // `postgres (PostgreSQL) 15.14 (Debian …)`
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    version.split('.').next().map(str::to_owned)
}

async fn initialise(launch: &Launch, bin: &Path, data: &Path, durability: Durability) -> Result<()> {
    let state = &launch.state;
    fs::create_dir_all(&state.data)?;
    // Under another name until it is whole: a killed `initdb` leaves a directory that looks usable.
    let fresh = data.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    state.child_dir(&fresh)?;
    let password_file = state.data.join("password");
    write_private(&password_file, &launch.password(NAME)?)?;
    state.give(&password_file)?;
    let step = launch.progress.step("databases");
    let mut initdb = guarded(&bin.join("initdb"), state.account.as_ref(), Signal::SIGKILL);
    initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    initdb.arg("--pgdata").arg(&fresh).arg("--pwfile").arg(&password_file).current_dir("/");
    let ended = run::logged(&mut initdb, &state.log("initdb"), &step).await;
    fs::remove_file(&password_file)?;
    ended?.map_err(|failure| failure.explain("making the PostgreSQL cluster (initdb)"))?;
    if durability == Durability::Tests {
        fs::write(
            fresh.join("pg_hba.conf"),
            "host all postgres 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n",
        )?;
    }
    fs::rename(&fresh, data)?;
    Ok(())
}

fn spec(launch: &Launch, bin: &Path, data: &Path, durability: Durability) -> Result<Spec> {
    let mut settings = vec![
        format!("port={}", launch.port(NAME)?),
        "listen_addresses=127.0.0.1".to_owned(),
        // None: their paths are limited to 107 bytes, and a killed server would leave them.
        "unix_socket_directories=".to_owned(),
        "max_connections=300".to_owned(),
        "jit=off".to_owned(),
    ];
    if durability == Durability::Tests {
        settings.extend(IN_A_HURRY.map(str::to_owned));
    }
    let mut args = vec!["-D".into(), data.into()];
    args.extend(settings.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
    Ok(Spec {
        name: NAME.to_owned(),
        stage: Stage::Database,
        program: bin.join("postgres"),
        args,
        env: Vec::new(),
        dir: "/".into(),
        account: launch.state.account.clone(),
        stop: Signal::SIGINT,
        // An immediate shutdown: it still ends its own children and frees its shared memory, which a kill would not.
        death: Signal::SIGQUIT,
        log: launch.state.log(NAME),
    })
}
