//! The names of the services, from the fleet's registry.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};

#[derive(serde::Deserialize)]
struct File {
    service: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    name: String,
    grpc_port: Option<u16>,
}

/// The services that can be called.
pub(crate) fn services(registry: &Path) -> Result<BTreeSet<String>> {
    let place = || format!("read the registry of the fleet in {}", registry.display());
    let file: File = toml::from_str(&fs::read_to_string(registry).with_context(place)?).with_context(place)?;
    Ok(file.service.into_iter().filter(|row| row.grpc_port.is_some()).map(|row| row.name).collect())
}
