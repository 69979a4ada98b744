//! A private RabbitMQ with an `epmd` of its own. Left alone, RabbitMQ starts `epmd` as a daemon that outlives every kind of
//! stop, so it runs as a child of the launcher and RabbitMQ is told not to start one.

mod hello;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::launch::Launch;
use crate::packages;
use crate::process::{Spec, Stage};
use crate::settings::Settings;
use crate::state::short_hash;

pub use hello::answers;

pub const NAME: &str = "rabbitmq";
pub const EPMD: &str = "epmd";
/// The port of Erlang's own protocol.
pub const DISTRIBUTION: &str = "rabbitmq-dist";
const USER: &str = "igny8";
const VHOST: &str = "igny8";
/// What its password is kept under.
const PASSWORD: &str = "amqp";
const EPMD_LIMIT: Duration = Duration::from_secs(10);
/// It takes 9 to 33 s on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(2);
/// One scheduler that does not spin: a fifth of the memory, and no busy core.
const SMALL: &str = "+S 1:1 +sbwt none";

/// Starts `epmd` and RabbitMQ, with these virtual hosts beside the one for applications, and answers the address of that.
pub async fn start(launch: &Launch, others: &[String]) -> Result<Url> {
    let epmd = packages::epmd()?;
    let home = home(launch);
    configure(launch, &home, others)?;
    launch.processes.start(epmd_spec(launch, epmd, &home)?)?;
    let epmd_port = launch.port(EPMD)?;
    launch.wait_until(EPMD, EPMD_LIMIT, async || is_open(epmd_port).await).await?;
    start_server(launch).await
}

/// Starts RabbitMQ alone, as after it was killed.
pub async fn start_server(launch: &Launch) -> Result<Url> {
    let step = launch.progress.step("RabbitMQ");
    let server = packages::rabbitmq_server()?;
    launch.processes.start(server_spec(launch, server, &home(launch))?)?;
    let url = address(launch)?;
    step.detail("booting, which takes 10 to 30 s");
    launch.wait_until(NAME, START_LIMIT, async || answers(&url).await).await?;
    step.done();
    Ok(url)
}

/// Where the services find it. All of them are one user: on one machine nothing would be won by more.
pub fn address(settings: &Settings) -> Result<Url> {
    let password = settings.password(PASSWORD)?;
    Ok(Url::parse(&format!("amqp://{USER}:{password}@127.0.0.1:{}/{VHOST}", settings.port(NAME)?))?)
}

/// Where it keeps its messages, below [`home`].
pub fn data_dir(launch: &Launch) -> PathBuf {
    home(launch).join("mnesia")
}

fn home(launch: &Launch) -> PathBuf {
    launch.state.data.join("rabbitmq")
}

async fn is_open(port: u16) -> bool {
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
}

/// Users and the virtual host come from a definitions file at each boot, so that a broker with erased data heals.
fn configure(launch: &Launch, home: &Path, others: &[String]) -> Result<()> {
    let password = launch.password(PASSWORD)?;
    fs::create_dir_all(&launch.state.data)?;
    launch.state.child_dir(home)?;
    let port = launch.port(NAME)?;
    let definitions = home.join("definitions.json");
    let config = format!(
        "listeners.tcp.local = 127.0.0.1:{port}\nload_definitions = {}\nlog.console = true\nlog.console.level = info\nlog.file = false\n",
        definitions.display()
    );
    let vhosts = || others.iter().map(String::as_str).chain([VHOST]);
    let right =
        |vhost| serde_json::json!({ "user": USER, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*" });
    let content = serde_json::json!({
        "users": [{ "name": USER, "password_hash": password_hash(&password), "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": "administrator" }],
        "vhosts": vhosts().map(|vhost| serde_json::json!({ "name": vhost })).collect::<Vec<_>>(),
        "permissions": vhosts().map(right).collect::<Vec<_>>(),
    });
    for (path, text) in [
        (home.join("rabbitmq.conf"), config),
        (definitions, content.to_string()),
        (home.join("enabled_plugins"), "[].\n".to_owned()),
    ] {
        crate::state::write_private(&path, &text)?;
        launch.state.give(&path)?;
    }
    Ok(())
}

/// RabbitMQ's own form: base64 of a salt of four bytes and the SHA-256 of salt and password.
fn password_hash(password: &str) -> String {
    let salt: [u8; 4] = rand::random();
    let digest = Sha256::new().chain_update(salt).chain_update(password).finalize();
    STANDARD.encode([&salt[..], &digest].concat())
}

fn epmd_spec(launch: &Launch, program: PathBuf, home: &Path) -> Result<Spec> {
    let port = launch.port(EPMD)?.to_string();
    let args = ["-port", &port, "-address", "127.0.0.1"].map(OsString::from).to_vec();
    Ok(child(launch, EPMD, Stage::Names, program, home).with(args, Vec::new()))
}

fn server_spec(launch: &Launch, program: PathBuf, home: &Path) -> Result<Spec> {
    let node = format!("igny8-{}@localhost", short_hash(launch.state.dir.as_os_str().as_bytes()));
    let erlang = format!("{SMALL} -start_epmd false -kernel inet_dist_use_interface {{127,0,0,1}}");
    let variable = |name: &str, value: OsString| (name.to_owned(), value);
    let env = vec![
        variable("HOME", home.into()),
        variable("ERL_EPMD_PORT", launch.port(EPMD)?.to_string().into()),
        variable("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        variable("RABBITMQ_DIST_PORT", launch.port(DISTRIBUTION)?.to_string().into()),
        variable("RABBITMQ_NODENAME", node.into()),
        variable("RABBITMQ_CONFIG_FILE", home.join("rabbitmq").into()),
        variable("RABBITMQ_ADVANCED_CONFIG_FILE", home.join("advanced").into()),
        variable("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
        variable("RABBITMQ_ENABLED_PLUGINS_FILE", home.join("enabled_plugins").into()),
        variable("RABBITMQ_MNESIA_BASE", data_dir(launch).into()),
        variable("RABBITMQ_LOG_BASE", home.join("log").into()),
        variable("RABBITMQ_LOGS", "-".into()),
        variable("RABBITMQ_GENERATED_CONFIG_DIR", home.join("generated").into()),
        variable("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang.into()),
        // Its start script then becomes the server instead of waiting for it, so that a signal reaches the server.
        variable("RUNNING_UNDER_SYSTEMD", "true".into()),
    ];
    Ok(child(launch, NAME, Stage::Broker, program, home).with(Vec::new(), env))
}

fn child(launch: &Launch, name: &str, stage: Stage, program: PathBuf, dir: &Path) -> Spec {
    Spec {
        name: name.to_owned(),
        stage,
        program,
        args: Vec::new(),
        env: Vec::new(),
        dir: dir.to_owned(),
        account: launch.state.account.clone(),
        stop: Signal::SIGTERM,
        death: Signal::SIGKILL,
        log: launch.state.log(name),
    }
}
