//! Parses the protos with protox: no protoc is needed anywhere.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use prost_reflect::{DescriptorPool, FileDescriptor};

/// The prefix of our own packages; everything else is only imported.
const OURS: &str = "igny8.";

/// The protos, twice: prost's own types drop custom options, so the rules are read from the pool.
pub(crate) struct Compiled {
    pub(crate) pool: DescriptorPool,
    pub(crate) files: prost_types::FileDescriptorSet,
}

impl Compiled {
    pub(crate) fn our_files(&self) -> impl Iterator<Item = FileDescriptor> {
        self.pool.files().filter(|file| file.package_name().starts_with(OURS))
    }
}

/// Compiles every file under `igny8/` of the first folder; the other folders only serve imports.
pub(crate) fn compile(includes: &[&Path]) -> Result<Compiled> {
    let root = includes.first().context("no folder of protos was given")?;
    let mut compiler = protox::Compiler::new(includes)?;
    compiler.include_imports(true).include_source_info(true);
    // The place of a syntax error is in protox's `Debug` only.
    compiler
        .open_files(protos_under(&root.join("igny8"))?)
        .map_err(|error| anyhow!("compile the protos: {error:?}"))?;
    let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice())?;
    let mut files = compiler.file_descriptor_set();
    // prost-build looks into the well-known types, though it writes nothing for them.
    files.file.retain(|file| file.package().starts_with(OURS) || file.package() == "google.protobuf");
    Ok(Compiled { pool, files })
}

fn protos_under(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("read the protos in {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(protos_under(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
