//! Generates the Rust code and the OpenAPI document of the contracts from the protos.

use std::{error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let (protos, registry) = (here.join("../../proto"), here.join("../service/registry.toml"));
    println!("cargo::rerun-if-changed={}", registry.display());
    // Not all of `proto/`: the committed openapi.json is written from what is generated here.
    for folder in ["igny8", "google", "buf"] {
        println!("cargo::rerun-if-changed={}", protos.join(folder).display());
    }
    if let Err(error) = contracts_build::generate(&[&protos], &registry, &PathBuf::from(std::env::var("OUT_DIR")?)) {
        for line in format!("{error:#}").lines() {
            println!("cargo::error={line}");
        }
    }
    Ok(())
}
