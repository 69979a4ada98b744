//! `generate`: writes the committed files that follow from the protos.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use crate::process::{guarded, run};
use crate::progress::Progress;
use crate::state::State;
use crate::tools;

pub const OPENAPI: &str = "proto/openapi.json";
pub const TYPES: &str = "services/web/src/services/schema.d.ts";

/// Writes the OpenAPI document and the console's types.
pub async fn generate(state: &State, progress: &Progress) -> Result<()> {
    let step = progress.step(OPENAPI);
    fs::write(state.root.join(OPENAPI), contracts::OPENAPI).with_context(|| format!("write {OPENAPI}"))?;
    step.done();
    let bin = tools::node(state, progress).await?.context("integration-tests/tools has no package-lock.json")?;
    let step = progress.step(TYPES);
    let mut command = guarded(Path::new("openapi-typescript"), None, Signal::SIGKILL);
    command.arg(OPENAPI).current_dir(&state.root).env("PATH", tools::path_with(&[bin])?);
    let types = run::captured(&mut command, &state.log("generate"), &step).await?;
    let types = types.map_err(|failure| failure.explain("openapi-typescript"))?;
    let path = state.root.join(TYPES);
    fs::create_dir_all(path.parent().context("a file lies in a directory")?)?;
    fs::write(&path, types).with_context(|| format!("write {TYPES}"))?;
    step.done();
    Ok(())
}
