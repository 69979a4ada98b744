//! Programs of the checks that come from npm and PyPI: pinned in `integration-tests/tools`, installed under `.igny8/tools`
//! once for each state of their lock file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::packages::{self, Package};
use crate::process::{guarded, run};
use crate::progress::Progress;
use crate::state::{State, short_hash};

const PINNED: &str = "integration-tests/tools";
/// Written last: a directory without it was left half made.
const COMPLETE: &str = ".complete";

/// The directory of the npm tools' programs; `None` when none are pinned.
pub async fn node(state: &State, progress: &Progress) -> Result<Option<PathBuf>> {
    let lock = state.root.join(PINNED).join("package-lock.json");
    let Some(dir) = place(state, "node", &lock)? else { return Ok(None) };
    let bin = dir.join("node_modules/.bin");
    if dir.join(COMPLETE).exists() {
        return Ok(Some(bin));
    }
    packages::ensure(&[Package::Node], state, progress).await?;
    let step = progress.step("npm tools of the checks");
    clean(&dir)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(state.root.join(PINNED).join(file), dir.join(file)).with_context(|| format!("copy {file}"))?;
    }
    let mut npm = guarded(Path::new("npm"), None, Signal::SIGKILL);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&dir);
    finish(npm, state, &step, "npm ci").await?;
    fs::write(dir.join(COMPLETE), "")?;
    step.done();
    Ok(Some(bin))
}

/// The directory of the Python tools' programs; `None` when none are pinned.
pub async fn python(state: &State, progress: &Progress) -> Result<Option<PathBuf>> {
    let requirements = state.root.join(PINNED).join("requirements.txt");
    let Some(dir) = place(state, "python", &requirements)? else { return Ok(None) };
    let bin = dir.join("bin");
    if dir.join(COMPLETE).exists() {
        return Ok(Some(bin));
    }
    packages::ensure(&[Package::Python], state, progress).await?;
    let step = progress.step("Python tools of the checks");
    clean(&dir)?;
    let mut venv = guarded(Path::new("python3"), None, Signal::SIGKILL);
    venv.args(["-m", "venv"]).arg(&dir).current_dir(&state.root);
    finish(venv, state, &step, "python3 -m venv").await?;
    let mut pip = guarded(&bin.join("pip"), None, Signal::SIGKILL);
    pip.args(["install", "--no-input", "--disable-pip-version-check", "-r"])
        .arg(&requirements)
        .current_dir(&state.root);
    finish(pip, state, &step, "pip install").await?;
    fs::write(dir.join(COMPLETE), "")?;
    step.done();
    Ok(Some(bin))
}

/// `PATH` with these directories first.
pub fn path_with(dirs: &[PathBuf]) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(dirs.iter().cloned().chain(std::env::split_paths(&path))).context("put tools on PATH")
}

async fn finish(mut command: Command, state: &State, step: &crate::progress::Step<'_>, what: &str) -> Result<()> {
    let ended = run::logged(&mut command, &state.log("tools"), step).await?;
    ended.map_err(|failure| failure.explain(what))
}

/// Where the tools of this lock file belong.
fn place(state: &State, kind: &str, lock: &Path) -> Result<Option<PathBuf>> {
    if !lock.is_file() {
        return Ok(None);
    }
    let key = short_hash(&fs::read(lock)?);
    Ok(Some(state.dir.join("tools").join(format!("{kind}-{key}"))))
}

fn clean(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))
}
