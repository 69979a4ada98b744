//! The publisher service: `publisher serve`, `publisher migrate`, `publisher healthcheck`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(publisher::run())
}
