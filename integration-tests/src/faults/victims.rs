//! A fleet as the launcher starts it, with workers of their own, whose processes can be killed, stopped and started again.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fleet::launch::Launch;
use fleet::packages::{self, Package};
use fleet::postgres::{self, Durability};
use fleet::process::{Spec, exit_text};
use fleet::progress::Progress;
use fleet::servers::Servers;
use fleet::services::Manner;
use fleet::signals::Signals;
use fleet::state::record::Record;
use fleet::state::{State, checkout};
use fleet::{certificates, databases, rabbitmq, ready, services};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::time::sleep;
use tokio_postgres::Client;

/// Away from those of a fleet that somebody runs, and of the test servers.
const PORTS_ABOVE: u16 = 13_000;
const WORKERS: usize = 3;
const LOOK: Duration = Duration::from_millis(20);

/// Quicker than in production, so that minutes show what otherwise takes an hour; and no limits on how much one machine may ask.
const SETTINGS: &[(&str, &str)] = &[
    ("IGNY8_JOB_LEASE_MS", "4000"),
    ("IGNY8_JOB_HEARTBEAT_MS", "1000"),
    ("IGNY8_JOB_SWEEP_MS", "1000"),
    ("IGNY8_JOB_RETRY_MS", "500"),
    ("IGNY8_INTERACTIVE_SLOTS", "8"),
    ("IGNY8_ADMISSION_UNARY", "4000"),
    ("IGNY8_ADMISSION_AI", "1000"),
    ("IGNY8_RATE_ADDRESS_STANDARD", "10000000"),
    ("IGNY8_RATE_ADDRESS_CREDENTIAL", "10000000"),
    ("IGNY8_RATE_ADDRESS_AI", "10000000"),
    ("IGNY8_RATE_ACCOUNT_STANDARD", "10000000"),
    ("IGNY8_RATE_ACCOUNT_CREDENTIAL", "10000000"),
    ("IGNY8_RATE_ACCOUNT_AI", "10000000"),
    ("IGNY8_LOG", "warn"),
];

/// The fleet. Its processes are children of this thread, so it stays where it was made.
#[derive(Debug)]
pub(super) struct Victims {
    launch: Launch,
    servers: Servers,
    fallen: RefCell<Vec<(Spec, String)>>,
    _dir: TempDir,
}

impl Victims {
    pub(super) async fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("igny8-faults-").tempdir()?;
        // Servers run as another account when this runs as root.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let state = State::open(&checkout()?, &dir.path().join("state"))?;
        let lock = state.lock()?.context("somebody holds a state that was just made")?;
        let mut launch = Launch::begin(state, Progress::new(true), lock)?;
        packages::ensure(&[Package::Postgres, Package::Rabbitmq], &launch.settings.state, &launch.progress).await?;
        let workers = (1..=WORKERS).map(|number| (services::admin_name(&worker(number)), 7200 + port(number)));
        let ports: Vec<_> = fleet::up::default_ports().into_iter().chain(workers).collect();
        let above: Vec<_> = ports.into_iter().map(|(name, port)| (name, port + PORTS_ABOVE)).collect();
        launch.ports.choose(&above, &[])?;
        let names: Vec<_> = service::registry::services().iter().map(|service| service.name.as_str()).collect();
        certificates::ensure(&launch.state, &names)?;
        let servers = Self::start_all(&launch).await?;
        Ok(Self { launch, servers, fallen: RefCell::default(), _dir: dir })
    }

    async fn start_all(launch: &Launch) -> Result<Servers> {
        let database = async {
            let url = postgres::start(launch, Durability::Full).await?;
            databases::bootstrap(launch, &url).await?;
            anyhow::Ok(url)
        };
        let built = services::build(&launch.state, &launch.progress, false);
        let (postgres, amqp, programs) = tokio::try_join!(database, rabbitmq::start(launch, &[]), built)?;
        let servers = Servers { postgres, amqp };
        services::migrate(launch, &servers, &programs).await?;
        let specs = services::specs(launch, &servers, &programs, &Manner { dist: false, settings: SETTINGS.to_vec() })?;
        let client = ready::client()?;
        for spec in with_workers(launch, specs)? {
            let name = spec.name.clone();
            launch.processes.start(spec)?;
            ready::wait_for(launch, &client, &name).await?;
        }
        Ok(servers)
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.launch.processes.stop(&Signals::listen()?).await;
        Ok(())
    }

    /// Where people reach it.
    pub(super) fn url(&self) -> Result<String> {
        services::public_url(&self.launch)
    }

    /// A service's database, past all policies.
    pub(super) async fn database(&self, service: &str) -> Result<Client> {
        let database = service::registry::service(service).and_then(|service| service.database.clone());
        let database = database.with_context(|| format!("{service} has no database"))?;
        Ok(postgres::connect(&databases::at(&self.servers.postgres, &database.name)).await?)
    }

    /// The names of the workers.
    pub(super) fn workers() -> Vec<String> {
        (1..=WORKERS).map(worker).collect()
    }

    /// Kills a process with no chance to do anything more, and answers how to start it again.
    pub(super) async fn kill(&self, name: &str) -> Result<Spec> {
        self.signal(name, Signal::SIGKILL)?;
        loop {
            match self.launch.processes.take_ended() {
                Some((spec, _)) if spec.name == name => return Ok(spec),
                Some((spec, status)) => self.fallen.borrow_mut().push((spec, exit_text(status))),
                None => sleep(LOOK).await,
            }
        }
    }

    /// Starts what was killed. Whether it is ready is not waited for.
    pub(super) fn start_again(&self, spec: Spec) -> Result<()> {
        self.launch.processes.start(spec)
    }

    /// Stops a process as it is, or lets it go on.
    pub(super) fn freeze(&self, name: &str, frozen: bool) -> Result<()> {
        self.signal(name, if frozen { Signal::SIGSTOP } else { Signal::SIGCONT })
    }

    /// Processes that ended and were not killed, with how to start them again.
    pub(super) fn fallen(&self) -> Vec<(Spec, String)> {
        let mut fallen = self.fallen.take();
        while let Some((spec, status)) = self.launch.processes.take_ended() {
            fallen.push((spec, exit_text(status)));
        }
        fallen
    }

    /// Removes all that the broker, which was killed, has written down.
    pub(super) fn wipe_broker(&self) -> Result<()> {
        Ok(fs::remove_dir_all(rabbitmq::data_dir(&self.launch))?)
    }

    fn signal(&self, name: &str, signal: Signal) -> Result<()> {
        let record = Record::of_living(&self.launch.state.dir).context("there is no record of what runs")?;
        let process = record.processes.iter().find(|process| process.name == name);
        let process = process.with_context(|| format!("{name} does not run"))?;
        kill(Pid::from_raw(i32::try_from(process.pid)?), signal).with_context(|| format!("signal {name}"))
    }
}

fn worker(number: usize) -> String {
    format!("worker-{number}")
}

fn port(number: usize) -> u16 {
    u16::try_from(number).unwrap_or_default()
}

/// ai-processor only serves and dispatches here; others work.
fn with_workers(launch: &Launch, specs: Vec<Spec>) -> Result<Vec<Spec>> {
    let mut all = Vec::new();
    for spec in specs {
        if spec.name == "ai-processor" {
            for number in 1..=WORKERS {
                let name = worker(number);
                let port = launch.port(&services::admin_name(&name))?;
                let mut env = spec.env.clone();
                env.push(("IGNY8_ADMIN_LISTEN".to_owned(), format!("127.0.0.1:{port}").into()));
                let log = launch.state.log(&name);
                all.push(Spec { name, log, args: vec!["work".into()], env, ..spec.clone() });
            }
            all.push(Spec { args: vec!["serve".into()], ..spec });
        } else {
            all.push(spec);
        }
    }
    Ok(all)
}
