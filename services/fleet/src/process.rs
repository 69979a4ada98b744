//! Child processes. Each is started through `setpriv`, which drops root and asks the kernel for a signal when the launcher
//! dies, so that not even `kill -9` leaves one behind.
//!
//! The kernel ties that signal to the *thread* that started the child. The launcher therefore runs everything on its main
//! thread, in a current-thread runtime: it lives exactly as long as the process.

pub mod group;
pub mod log;
pub mod run;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::state::account::Account;
use crate::state::record::Seen;

/// The order in which a fleet stops: who takes work first, who holds data last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Edge,
    Service,
    Broker,
    /// `epmd`, which the broker signs off from.
    Names,
    Database,
}

impl Stage {
    pub const ORDER: [Self; 5] = [Self::Edge, Self::Service, Self::Broker, Self::Names, Self::Database];

    /// How long a process of this stage may take to end by itself.
    pub fn grace(self) -> Duration {
        Duration::from_secs(match self {
            Self::Edge | Self::Service | Self::Broker => 8,
            Self::Names => 1,
            Self::Database => 6,
        })
    }
}

/// How to start one child.
#[derive(Clone)]
pub struct Spec {
    /// Also the name of its log.
    pub name: String,
    pub stage: Stage,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(String, OsString)>,
    pub dir: PathBuf,
    pub account: Option<Account>,
    /// Sent to ask it to stop.
    pub stop: Signal,
    /// Sent by the kernel when the launcher dies.
    pub death: Signal,
    pub log: PathBuf,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments and environment may hold passwords.
        f.debug_struct("Spec").field("name", &self.name).field("program", &self.program).finish_non_exhaustive()
    }
}

impl Spec {
    /// The same with these arguments and variables.
    pub fn with(self, args: Vec<OsString>, env: Vec<(String, OsString)>) -> Self {
        Self { args, env, ..self }
    }
}

/// A child that was started, in a process group of its own.
#[derive(Debug)]
pub struct Process {
    pub spec: Spec,
    pub seen: Seen,
    child: Child,
}

impl Process {
    pub fn start(spec: Spec) -> Result<Self> {
        let (out, err) = log::fresh(&spec.log)?;
        let child = guarded(&spec.program, spec.account.as_ref(), spec.death)
            .args(&spec.args)
            .envs(spec.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&spec.dir)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", spec.name))?;
        let seen = child.id().and_then(|pid| Seen::now(&spec.name, pid));
        let seen = seen.with_context(|| format!("{} ended at once; see {}", spec.name, spec.log.display()))?;
        Ok(Self { spec, seen, child })
    }

    /// How it ended, when it did.
    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends `signal` to the process itself.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = raw(self.seen.pid) {
            // It may just have ended.
            let _ = kill(pid, signal);
        }
    }

    /// Kills the process and what it started.
    pub fn kill_group(&self) {
        if let Some(pid) = raw(self.seen.pid) {
            let _ = killpg(pid, Signal::SIGKILL);
        }
    }
}

/// Kills what a launcher that died left, if anything. Returns the names.
pub fn kill_leftovers(processes: &[Seen]) -> Vec<&str> {
    let left: Vec<_> = processes.iter().filter(|seen| seen.is_alive()).collect();
    for pid in left.iter().filter_map(|seen| raw(seen.pid)) {
        let _ = killpg(pid, Signal::SIGKILL);
        let _ = kill(pid, Signal::SIGKILL);
    }
    left.iter().map(|seen| seen.name.as_str()).collect()
}

/// Asks a process to end.
pub fn terminate(seen: &Seen) {
    if let Some(pid) = raw(seen.pid).filter(|_| seen.is_alive()) {
        let _ = kill(pid, Signal::SIGTERM);
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().map(Pid::from_raw)
}

/// A command that runs as `account` and gets `death` when the launcher dies.
pub fn guarded(program: &Path, account: Option<&Account>, death: Signal) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", death.as_str().trim_start_matches("SIG")]);
    if let Some(account) = account {
        let (uid, gid) = (account.uid.to_string(), account.gid.to_string());
        command.args(["--reuid", &uid, "--regid", &gid, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    for name in std::env::vars_os().map(|(name, _)| name).filter(|name| is_of_cargo_run(name)) {
        command.env_remove(name);
    }
    command
}

/// What `cargo run` tells this program about itself. Build scripts take it for their own: `ring` and all that stands on it
/// would compile anew each time that cargo is called from in here, and again when it is called by a person.
fn is_of_cargo_run(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// How a process ended, in words.
pub fn exit_text(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit status".to_owned(),
    }
}
