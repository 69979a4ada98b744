//! Commands that run to their end: builds, installations, migrations.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use super::{exit_text, log};
use crate::errors;
use crate::progress::Step;

/// How often the last line of a running command is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How many last lines of a failed command are shown.
pub const LAST_LINES: usize = 25;

/// A command that ended without success.
#[derive(Debug)]
pub struct Failure {
    pub exit: String,
    pub last_lines: String,
}

/// Runs a command with its output in `log`, while `step` shows the log's last line.
pub async fn logged(command: &mut Command, log: &Path, step: &Step<'_>) -> Result<Result<(), Failure>> {
    let (out, err) = log::fresh(log)?;
    command.stdout(out).stderr(err);
    wait(command, log, step).await
}

/// The same, but answers what the command writes to its standard output.
pub async fn captured(command: &mut Command, log: &Path, step: &Step<'_>) -> Result<Result<String, Failure>> {
    let (_, err) = log::fresh(log)?;
    let out_path = log.with_extension("out");
    command.stdout(std::fs::File::create(&out_path)?).stderr(err);
    let ended = wait(command, log, step).await?;
    let out = std::fs::read_to_string(&out_path)?;
    std::fs::remove_file(&out_path)?;
    Ok(ended.map(|()| out))
}

async fn wait(command: &mut Command, log: &Path, step: &Step<'_>) -> Result<Result<(), Failure>> {
    let mut child = command.stdin(Stdio::null()).kill_on_drop(true).spawn().context("start setpriv of util-linux")?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = tokio::time::sleep(LOOK) => step.detail(log::last_lines(log, 1).trim()),
        }
    };
    Ok(if status.success() {
        Ok(())
    } else {
        Err(Failure { exit: exit_text(status), last_lines: log::last_lines(log, LAST_LINES) })
    })
}

impl Failure {
    /// The failure as a person reads it.
    pub fn explain(&self, what: &str) -> anyhow::Error {
        errors::command_failed(what, &self.exit, &self.last_lines).into()
    }
}

/// The first of `names` that `PATH` has.
pub fn on_path(path: &std::ffi::OsStr, names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| std::env::split_paths(path).map(|dir| dir.join(name)).find(|file| file.is_file()))
}
