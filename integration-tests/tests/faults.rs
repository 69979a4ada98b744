//! The fleet under kills. `cargo test --workspace --test faults -- --help` says what can be chosen.

use std::process::ExitCode;

use clap::Parser as _;
use integration_tests::faults::{Options, run};

/// One thread: what it starts is killed with the thread that started it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the report is what it is run for")]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
