//! Writes the Rust side.

use std::path::Path;

use anyhow::Result;

use crate::compile::Compiled;

/// The prost types with their serde dialect, and the tonic clients and servers.
pub(crate) fn types(compiled: &Compiled, out_dir: &Path) -> Result<()> {
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .out_dir(out_dir)
        .include_file("igny8.rs")
        
        .compile_fds(compiled.files.clone())?;
    Ok(())
}
