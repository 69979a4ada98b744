//! The ai-processor service: `ai-processor serve`, `work`, `all`, `migrate`, `healthcheck`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(ai_processor::run())
}
