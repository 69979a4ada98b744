//! Programs that the fleet needs from the system: found, or installed where the launcher may, or named with the command
//! that installs them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use nix::unistd::Uid;

use crate::errors;
use crate::process::{guarded, run};
use crate::progress::Progress;
use crate::state::State;

/// Debian runs it before a package starts its service; 101 means no.
const POLICY: &str = "/usr/sbin/policy-rc.d";
const POLICY_TEXT: &str =
    "#!/bin/sh\n# Written by the igny8 launcher while it installs packages: no system service starts.\nexit 101\n";

/// Something that a package of the system provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    Postgres,
    Rabbitmq,
    Node,
    Python,
    Wrk,
}

impl Package {
    /// Its packages on Debian and Ubuntu.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::Rabbitmq => &["rabbitmq-server"],
            Self::Node => &["nodejs", "npm"],
            Self::Python => &["python3", "python3-venv"],
            Self::Wrk => &["wrk"],
        }
    }

    pub fn is_installed(self) -> bool {
        match self {
            Self::Postgres => postgres_bins().is_ok(),
            Self::Rabbitmq => rabbitmq_server().is_ok() && epmd().is_ok(),
            Self::Node => find("node").is_some() && find("npm").is_some(),
            Self::Python => can_make_venv(),
            Self::Wrk => find("wrk").is_some(),
        }
    }
}

/// Installs what is missing, or says how.
pub async fn ensure(wanted: &[Package], state: &State, progress: &Progress) -> Result<()> {
    let missing: Vec<_> = wanted.iter().filter(|package| !package.is_installed()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().flat_map(|package| package.names()).copied().collect();
    let command = install_command(&names);
    if !Uid::effective().is_root() {
        return Err(errors::packages_missing(&names.join(", "), "only root may install packages", &command).into());
    }
    if !is_debian() {
        let why = "this system is neither Debian nor Ubuntu, so the launcher does not know how";
        return Err(errors::packages_missing(&names.join(", "), why, "the installer of your system").into());
    }
    let step = progress.step(&format!("installing {}", names.join(", ")));
    let _policy = Policy::refuse_services()?;
    for args in [&["update"][..], &[&["install", "--no-install-recommends", "-y"][..], &names].concat()] {
        let mut apt = guarded(Path::new("apt-get"), None, Signal::SIGTERM);
        apt.args(["-q", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold"]).args(args);
        apt.env("DEBIAN_FRONTEND", "noninteractive").current_dir("/");
        if let Err(failure) = run::logged(&mut apt, &state.log("packages"), &step).await? {
            return Err(errors::packages_missing(&names.join(", "), &failure.last_lines, &command).into());
        }
    }
    if let Some(package) = wanted.iter().find(|package| !package.is_installed()) {
        let why = "they were installed, but their programs were not found";
        return Err(errors::packages_missing(&package.names().join(", "), why, &command).into());
    }
    step.done();
    Ok(())
}

/// The command that installs packages, as a person would type it.
pub fn install_command(names: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", names.join(" "))
}

/// Keeps packages from starting their services while they are installed, unless the machine has a rule already.
struct Policy {
    ours: bool,
}

impl Policy {
    fn refuse_services() -> Result<Self> {
        let path = Path::new(POLICY);
        // One that says the same as ours is left from a launcher that was killed.
        let ours = fs::read_to_string(path).map_or(!path.exists(), |text| text == POLICY_TEXT);
        if ours {
            fs::write(path, POLICY_TEXT).with_context(|| format!("write {POLICY}"))?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(POLICY);
        }
    }
}

fn is_debian() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .any(|ids| ids.trim_matches('"').split_whitespace().any(|id| id == "debian" || id == "ubuntu"))
        && find("apt-get").is_some()
}

/// Directories with PostgreSQL's server programs, newest first: those of the system's packages, then `PATH`.
pub fn postgres_bins() -> Result<Vec<PathBuf>> {
    let mut found: Vec<_> =
        versions_in(Path::new("/usr/lib/postgresql"), "").into_iter().map(|dir| dir.join("bin")).collect();
    found.extend(
        find("initdb").and_then(|file| file.canonicalize().ok()).and_then(|file| Some(file.parent()?.to_owned())),
    );
    found.retain(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file());
    anyhow::ensure!(!found.is_empty(), "PostgreSQL's server programs were not found");
    Ok(found)
}

/// RabbitMQ's own start script. Debian's wrapper in `/usr/sbin` refuses other users.
pub fn rabbitmq_server() -> Result<PathBuf> {
    let packaged = PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server");
    let elsewhere = || find("rabbitmq-server").filter(|file| !file.starts_with("/usr/sbin"));
    Some(packaged).filter(|file| file.is_file()).or_else(elsewhere).context("rabbitmq-server was not found")
}

/// Erlang's port mapper.
pub fn epmd() -> Result<PathBuf> {
    let packaged = || versions_in(Path::new("/usr/lib/erlang"), "erts-").into_iter().map(|dir| dir.join("bin/epmd"));
    find("epmd").or_else(|| packaged().find(|file| file.is_file())).context("epmd was not found")
}

/// Subdirectories named `prefix` and a version, newest first.
fn versions_in(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let version = |path: &PathBuf| -> Option<Vec<u32>> {
        path.file_name()?.to_str()?.strip_prefix(prefix)?.split('.').map(|part| part.parse().ok()).collect()
    };
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = entries.filter(|path| version(path).is_some()).collect();
    found.sort_by_key(|path| std::cmp::Reverse(version(path)));
    found
}

/// A program on `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    run::on_path(&std::env::var_os("PATH")?, &[name])
}

fn can_make_venv() -> bool {
    // Debian's python3 has no ensurepip until python3-venv is there.
    std::process::Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output()
        .is_ok_and(|output| output.status.success())
}
