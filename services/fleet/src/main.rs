//! `igny8`, also `cargo fleet`.

use std::process::ExitCode;

use clap::Parser as _;

// One thread: children die with the thread that started them, and this one lives as long as the process.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    fleet::run(fleet::cli::Cli::parse()).await
}
