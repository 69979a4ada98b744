//! The fleet's own services: built by one `cargo build`, each its own process with its settings in the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use serde::Deserialize;
use service::registry::{self, Service};

use crate::databases;
use crate::errors;
use crate::launch::Launch;
use crate::process::{Spec, Stage, guarded, run};
use crate::progress::Progress;
use crate::servers::Servers;
use crate::settings::Settings;
use crate::state::State;
use crate::state::account::Account;

/// Shorter than in production, so that a stop takes no longer than ten seconds.
const SHUTDOWN_GRACE_SECONDS: &str = "5";

/// Where the built programs lie, by service.
pub type Programs = BTreeMap<String, PathBuf>;

/// How the services are built and what they are told beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Optimised, as in production.
    pub dist: bool,
    /// Settings that all of them get; each reads its own.
    pub settings: Vec<(&'static str, &'static str)>,
}

/// A line of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds all services with one call of cargo.
pub async fn build(state: &State, progress: &Progress, dist: bool) -> Result<Programs> {
    let step = progress.step("building the services");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = guarded(Path::new(&cargo), None, Signal::SIGTERM);
    command.args(["build", "--message-format=json-render-diagnostics"]).current_dir(&state.root);
    command.args(dist.then_some("--profile=dist"));
    for service in registry::services() {
        command.args(["--package", &service.name, "--bin", &service.name]);
    }
    let built = run::captured(&mut command, &state.log("build"), &step).await?;
    let messages = built.map_err(|failure| failure.explain("building the services (cargo build)"))?;
    let programs = programs_in(&messages);
    for service in registry::services() {
        anyhow::ensure!(programs.contains_key(&service.name), "cargo built no program for {}", service.name);
    }
    step.done();
    Ok(programs)
}

fn programs_in(messages: &str) -> Programs {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages.filter_map(|message| Some((message.target?.name, message.executable?))).collect()
}

/// Brings every database to the version that its service expects.
pub async fn migrate(launch: &Launch, servers: &Servers, programs: &Programs) -> Result<()> {
    let step = launch.progress.step("migrations");
    for service in registry::services().iter().filter(|service| service.database.is_some()) {
        let program = program(programs, &service.name)?;
        let mut command = guarded(program, account(launch, program), Signal::SIGKILL);
        command.arg("migrate").envs(environment(launch, servers, service)?).current_dir("/");
        let name = format!("{}-migrate", service.name);
        if let Err(failure) = run::logged(&mut command, &launch.state.log(&name), &step).await? {
            return Err(errors::migration_failed(&service.name, &failure.exit, &failure.last_lines).into());
        }
    }
    step.done();
    Ok(())
}

/// How each service is started.
pub fn specs(launch: &Launch, servers: &Servers, programs: &Programs, manner: &Manner) -> Result<Vec<Spec>> {
    let spec = |service: &Service| -> Result<Spec> {
        let program = program(programs, &service.name)?;
        let mut env = environment(launch, servers, service)?;
        env.extend(manner.settings.iter().map(|(name, value)| ((*name).to_owned(), value.into())));
        Ok(Spec {
            name: service.name.clone(),
            stage: if service.http_port.is_some() { Stage::Edge } else { Stage::Service },
            program: program.to_owned(),
            args: vec![verb(&service.name).into()],
            env,
            dir: "/".into(),
            account: account(launch, program).cloned(),
            stop: Signal::SIGTERM,
            death: Signal::SIGKILL,
            log: launch.state.log(&service.name),
        })
    };
    registry::services().iter().map(spec).collect()
}

/// What a service is told to do: ai-processor works on jobs in the same process here.
fn verb(service: &str) -> &'static str {
    if service == "ai-processor" { "all" } else { "serve" }
}

/// Where people and programs reach the fleet.
pub fn public_url(settings: &Settings) -> Result<String> {
    Ok(format!("http://127.0.0.1:{}", settings.port("gateway")?))
}

/// `gateway-admin`: the name of a service's administration port.
pub fn admin_name(service: &str) -> String {
    format!("{service}-admin")
}

/// All ports of the services, by name.
pub fn default_ports() -> Vec<(String, u16)> {
    let ports = |service: &Service| {
        let main = service.http_port.or(service.grpc_port).map(|port| (service.name.clone(), port));
        [main, Some((admin_name(&service.name), service.admin_port))]
    };
    registry::services().iter().flat_map(ports).flatten().collect()
}

fn program<'p>(programs: &'p Programs, service: &str) -> Result<&'p Path> {
    programs.get(service).map(PathBuf::as_path).with_context(|| format!("there is no program of {service}"))
}

/// Services drop root too, unless the checkout lies where nobody else may look.
fn account<'l>(launch: &'l Launch, program: &Path) -> Option<&'l Account> {
    launch.state.account.as_ref().filter(|account| account.reaches(program) && account.reaches(&launch.state.tls()))
}

/// Everything a service is told.
pub fn environment(settings: &Settings, servers: &Servers, service: &Service) -> Result<Vec<(String, OsString)>> {
    let mut env = vec![
        ("IGNY8_ADMIN_LISTEN".to_owned(), listen(settings.port(&admin_name(&service.name))?)),
        ("IGNY8_TLS_DIR".to_owned(), settings.state.tls().join(&service.name).into()),
        ("IGNY8_PUBLIC_URL".to_owned(), public_url(settings)?.into()),
        ("IGNY8_SHUTDOWN_GRACE_SECONDS".to_owned(), SHUTDOWN_GRACE_SECONDS.into()),
    ];
    for other in registry::services().iter().filter(|other| other.grpc_port.is_some() && other.name != service.name) {
        env.push((other.url_variable(), format!("https://127.0.0.1:{}", settings.port(&other.name)?).into()));
    }
    if service.grpc_port.is_some() {
        env.push(("IGNY8_LISTEN".to_owned(), listen(settings.port(&service.name)?)));
    }
    if service.http_port.is_some() {
        env.push(("IGNY8_HTTP_LISTEN".to_owned(), listen(settings.port(&service.name)?)));
    }
    if let Some(addresses) = databases::addresses(settings, &servers.postgres, service)? {
        env.push(("IGNY8_DATABASE_URL".to_owned(), addresses.app.to_string().into()));
        env.push(("IGNY8_SYSTEM_DATABASE_URL".to_owned(), addresses.system.to_string().into()));
        env.push(("IGNY8_MIGRATE_DATABASE_URL".to_owned(), addresses.migrate.to_string().into()));
        // Whoever keeps something has news of it for the others.
        env.push(("IGNY8_AMQP_URL".to_owned(), servers.amqp.to_string().into()));
    }
    env.extend(own_settings(settings, &service.name)?);
    Ok(env)
}

/// What only one service knows.
fn own_settings(settings: &Settings, service: &str) -> Result<Vec<(String, OsString)>> {
    let state = &settings.state;
    Ok(match service {
        "auth" => {
            let mail = state.mail();
            state.child_dir(&mail)?;
            let seal_keys = settings.seal_keys()?;
            vec![("IGNY8_SEAL_KEYS".to_owned(), seal_keys.into()), ("IGNY8_MAIL_DIR".to_owned(), mail.into())]
        }
        "planner" => vec![("IGNY8_SPOOL_DIR".to_owned(), data_dir(state, "spool")?)],
        "writer" => vec![("IGNY8_FILES_DIR".to_owned(), data_dir(state, "files")?)],
        "publisher" => vec![("IGNY8_SEAL_KEYS".to_owned(), settings.seal_keys()?.into())],
        "gateway" => {
            let console = state.root.join("services/web/dist");
            let built = console.join("index.html").is_file();
            built.then(|| ("IGNY8_WEB_DIR".to_owned(), console.into())).into_iter().collect()
        }
        _ => Vec::new(),
    })
}

/// A directory of a service's own, beside the servers' data.
fn data_dir(state: &State, name: &str) -> Result<OsString> {
    let dir = state.data.join(name);
    std::fs::create_dir_all(&state.data)?;
    state.child_dir(&dir)?;
    Ok(dir.into())
}

fn listen(port: u16) -> OsString {
    format!("127.0.0.1:{port}").into()
}
