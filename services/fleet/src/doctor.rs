//! `doctor`: whether this machine can run the fleet, and what to do where it cannot.

use std::fs;
use std::path::Path;

use anyhow::Result;
use nix::sys::statvfs::statvfs;

use crate::errors;
use crate::packages::{self, Package};
use crate::progress::say;
use crate::state::ports::{holder, is_free};
use crate::state::record::Record;
use crate::state::{State, VERSION};
use crate::{certificates, up};

const DISK_NEEDED_MIB: u64 = 1024;
/// A cold build of everything needs about this much.
const DISK_WANTED_MIB: u64 = 10 * 1024;
const MEMORY_WANTED_MIB: u64 = 1536;
const RUST_WANTED: &str = env!("CARGO_PKG_RUST_VERSION");

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Works, with a limit.
    Fair,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug)]
pub struct Finding {
    pub name: &'static str,
    pub verdict: Verdict,
    pub found: String,
    pub fix: String,
}

/// Looks at everything and prints it. Fails when the fleet could not start.
pub fn examine(state: &State) -> Result<()> {
    let findings = findings(state);
    for finding in &findings {
        let mark = match finding.verdict {
            Verdict::Good => "✓",
            Verdict::Fair => "!",
            Verdict::Bad => "✗",
        };
        say(&format!("  {mark} {:<13} {}", finding.name, finding.found));
        if finding.verdict != Verdict::Good {
            say(&format!("    {:<13} fix: {}", "", finding.fix));
        }
    }
    let bad = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    anyhow::ensure!(bad == 0, "{bad} of {} checks failed", findings.len());
    Ok(())
}

fn findings(state: &State) -> Vec<Finding> {
    let mut all =
        vec![toolchain(), programs(), servers(), checks_tools(), disk(&state.dir), memory(), version(&state.dir)];
    all.push(ports(state));
    all.push(expiry(state));
    all
}

fn finding(name: &'static str, verdict: Verdict, found: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { name, verdict, found: found.into(), fix: fix.into() }
}

fn toolchain() -> Finding {
    let output = std::process::Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let version = text.split_whitespace().nth(1).unwrap_or_default();
    let verdict = if numbers(version) >= numbers(RUST_WANTED) { Verdict::Good } else { Verdict::Bad };
    let found = if text.is_empty() { "no rustc".to_owned() } else { text };
    finding("toolchain", verdict, found, format!("install Rust {RUST_WANTED} or newer: rustup update stable"))
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

fn programs() -> Finding {
    let missing: Vec<_> = ["setpriv", "setsid"].into_iter().filter(|name| packages::find(name).is_none()).collect();
    if missing.is_empty() {
        return finding("util-linux", Verdict::Good, "setpriv, setsid", "");
    }
    finding(
        "util-linux",
        Verdict::Bad,
        format!("missing: {}", missing.join(", ")),
        packages::install_command(&["util-linux"]),
    )
}

fn servers() -> Finding {
    package_finding("servers", &[Package::Postgres, Package::Rabbitmq], Verdict::Bad)
}

fn checks_tools() -> Finding {
    package_finding("tools of test", &[Package::Node, Package::Python], Verdict::Fair)
}

fn package_finding(name: &'static str, wanted: &[Package], otherwise: Verdict) -> Finding {
    let list = |packages: &[Package]| packages.iter().flat_map(|package| package.names()).copied().collect::<Vec<_>>();
    let missing: Vec<_> = wanted.iter().copied().filter(|package| !package.is_installed()).collect();
    if missing.is_empty() {
        return finding(name, Verdict::Good, list(wanted).join(", "), "");
    }
    let missing = list(&missing);
    // Where the launcher may install them it does so by itself.
    let verdict = if nix::unistd::Uid::effective().is_root() { Verdict::Fair } else { otherwise };
    finding(name, verdict, format!("missing: {}", missing.join(", ")), packages::install_command(&missing))
}

fn free_mib(dir: &Path) -> Option<u64> {
    let disk = statvfs(dir).ok()?;
    Some(disk.blocks_available() * disk.fragment_size() / (1024 * 1024))
}

fn disk(dir: &Path) -> Finding {
    let free = free_mib(dir).unwrap_or(0);
    let verdict = match free {
        free if free < DISK_NEEDED_MIB => Verdict::Bad,
        free if free < DISK_WANTED_MIB => Verdict::Fair,
        _ => Verdict::Good,
    };
    finding("disk", verdict, format!("{free} MiB free"), format!("free {DISK_WANTED_MIB} MiB for a cold build"))
}

/// What a start refuses: databases do not forgive a full disk.
pub fn refuse_low_disk(dir: &Path) -> Result<()> {
    match free_mib(dir) {
        Some(free) if free < DISK_NEEDED_MIB => Err(errors::disk_low(dir, free, DISK_NEEDED_MIB).into()),
        _ => Ok(()),
    }
}

fn memory() -> Finding {
    let table = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib =
        table.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.split_whitespace().next()?.parse().ok());
    let free = kib.unwrap_or(0_u64) / 1024;
    let verdict = if free < MEMORY_WANTED_MIB { Verdict::Fair } else { Verdict::Good };
    finding(
        "memory",
        verdict,
        format!("{free} MiB available"),
        "end other programs, or build with `CARGO_BUILD_JOBS=1`",
    )
}

fn version(dir: &Path) -> Finding {
    match fs::read_to_string(dir.join("version")) {
        Ok(found) if found.trim() != VERSION => {
            finding("state", Verdict::Bad, format!("version {}, expected {VERSION}", found.trim()), "cargo fleet reset")
        }
        Ok(_) => finding("state", Verdict::Good, format!("version {VERSION}"), ""),
        Err(_) => finding("state", Verdict::Good, "none yet", ""),
    }
}

fn ports(state: &State) -> Finding {
    if Record::of_living(&state.dir).is_some() {
        return finding("ports", Verdict::Good, "in use by the running fleet", "");
    }
    let taken = up::default_ports().into_iter().filter(|(_, port)| !is_free(*port));
    let taken: Vec<_> = taken.map(|(name, port)| format!("{port} ({name}): {}", holder(port))).collect();
    if taken.is_empty() {
        return finding("ports", Verdict::Good, "all free", "");
    }
    finding("ports", Verdict::Fair, taken.join("; "), "none needed: other ports will be taken and remembered")
}

fn expiry(state: &State) -> Finding {
    let days = certificates::all(state).iter().map(|path| certificates::days_left(path).unwrap_or(0)).min();
    match days {
        None => finding("certificates", Verdict::Good, "none yet", ""),
        Some(days) if days < certificates::RENEW_DAYS => finding(
            "certificates",
            Verdict::Fair,
            format!("{days} days left"),
            "cargo fleet down, then up: it renews them",
        ),
        Some(days) => finding("certificates", Verdict::Good, format!("{days} days left"), ""),
    }
}
