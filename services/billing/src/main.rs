//! The billing service: `billing serve`, `billing migrate`, `billing healthcheck`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(billing::run())
}
