//! A broker that a test may kill, started as the launcher starts its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fleet::launch::Launch;
use fleet::progress::Progress;
use fleet::rabbitmq;
use fleet::state::State;
use fleet::state::record::Record;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use url::Url;

pub struct PrivateBroker {
    pub url: Url,
    launch: Launch,
    _dir: TempDir,
}

impl PrivateBroker {
    pub async fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("igny8-broker-").tempdir().unwrap();
        // It runs as another account when the tests run as root.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let state = State::open(&checkout(), &dir.path().join("state")).unwrap();
        let lock = state.lock().unwrap().unwrap();
        let mut launch = Launch::begin(state, Progress::new(true), lock).unwrap();
        let ports = [(rabbitmq::NAME, 27_672), (rabbitmq::EPMD, 27_369), (rabbitmq::DISTRIBUTION, 27_673)];
        launch.ports.choose(&ports.map(|(name, port)| (name.to_owned(), port)), &[]).unwrap();
        let url = rabbitmq::start(&launch, &[]).await.unwrap();
        Self { url, launch, _dir: dir }
    }

    /// As a crash ends it: with no chance to write anything down.
    pub async fn kill(&self) {
        let record = Record::of_living(&self.launch.state.dir).unwrap();
        let server = record.processes.iter().find(|process| process.name == rabbitmq::NAME).unwrap();
        kill(Pid::from_raw(i32::try_from(server.pid).unwrap()), Signal::SIGKILL).unwrap();
        while self.launch.processes.take_ended().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Removes all that a killed broker knew.
    pub fn wipe(&self) {
        fs::remove_dir_all(rabbitmq::data_dir(&self.launch)).unwrap();
    }

    pub async fn restart(&self) {
        assert_eq!(rabbitmq::start_server(&self.launch).await.unwrap(), self.url);
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
