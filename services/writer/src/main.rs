//! The writer service: `writer serve`, `writer migrate`, `writer healthcheck`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(writer::run())
}
