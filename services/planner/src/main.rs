//! The planner service: `planner serve`, `planner migrate`, `planner healthcheck`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(planner::run())
}
