//! The auth service: `auth serve`, `auth migrate`, `auth healthcheck`, `auth grant-developer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(auth::run())
}
