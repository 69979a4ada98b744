//! The generator of the contracts: from the protos to Rust and OpenAPI.
//!
//! It compiles the protos (`compile`), reads them into a model in this project's own terms (`model`), refuses what breaks the rules of
//! `proto/README.md` (`check`), and writes
//!
//! * prost messages with their JSON dialect, and tonic clients and servers (`rust`),
//! * the table of methods, enum names, validation, redacted `Debug` (`rust`),
//! * `openapi.json` (`openapi`).
//!
//! Only the build script of `contracts` depends on it.
#![warn(missing_docs)]

mod check;
mod compile;
mod model;
mod openapi;
mod problems;
mod registry;
mod rust;

use std::path::Path;

use anyhow::{Context, Result};

/// Generates everything into `out_dir`, from the protos under `igny8/` of the first of `includes`. The others only serve imports.
/// `registry` is the file that names the services of the fleet.
///
/// # Errors
///
/// A proto that does not compile, or that breaks a rule. The text names the file, the method or field, and what to do; it tells all
/// broken rules at once.
pub fn generate(includes: &[&Path], registry: &Path, out_dir: &Path) -> Result<()> {
    let compiled = compile::compile(includes)?;
    let mut problems = problems::Problems::default();
    let model = model::Model::read(&compiled, &mut problems);
    check::check(&model, &registry::services(registry)?, &mut problems);
    problems.into_result()?;
    rust::write(&compiled, &model, out_dir)?;
    let document = openapi::document(&model);
    std::fs::write(out_dir.join("openapi.json"), document).context("write openapi.json")
}
