//! Generates the Rust code and the OpenAPI document of the contracts from the protos.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let protos = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    for folder in ["igny8", "google", "buf"] {
        println!("cargo::rerun-if-changed={}", protos.join(folder).display());
    }
    contracts_build::generate(&[&protos], &PathBuf::from(std::env::var("OUT_DIR")?))?;
    Ok(())
}
