//! wip
mod compile;
mod rust;
use std::path::Path;

/// wip
pub fn generate(includes: &[&Path], out_dir: &Path) -> anyhow::Result<()> {
    let compiled = compile::compile(includes)?;
    rust::types(&compiled, out_dir)
}
