//! A state directory of a test's own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fleet::state::State;
use tempfile::TempDir;

/// A state that nobody else uses. The directory goes when this is dropped.
pub(crate) struct Scratch {
    pub(crate) state: State,
    _dir: TempDir,
}

pub(crate) fn scratch() -> Scratch {
    let dir = tempfile::Builder::new().prefix("igny8-test-").tempdir().unwrap();
    // Servers run as another account when the tests run as root.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let state = State::open(&checkout(), &dir.path().join("state")).unwrap();
    Scratch { state, _dir: dir }
}

pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The launcher itself, on this state.
pub(crate) fn igny8(state: &State) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_igny8"));
    command.arg("--plain").arg("--state-dir").arg(&state.dir);
    command
}

/// A port that was free a moment ago, with its listener.
pub(crate) fn busy_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Waits until something holds, and fails when it never does.
pub(crate) fn eventually(what: &str, limit: Duration, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Processes that have `path` in their command line or environment, but for this one.
pub(crate) fn processes_of(path: &Path) -> Vec<String> {
    let wanted = path.to_str().unwrap();
    let mentions = |file: PathBuf| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).contains(wanted);
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|dir| {
            dir.file_name().unwrap().to_str().unwrap().parse::<u32>().is_ok_and(|pid| pid != std::process::id())
        })
        .filter(|dir| mentions(dir.join("cmdline")) || mentions(dir.join("environ")))
        .map(|dir| fs::read_to_string(dir.join("stat")).unwrap_or_default())
        .collect()
}
