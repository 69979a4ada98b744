//! What every process of the fleet has around its own work: settings, logs, traces, metrics, health, an identity, the way to
//! other services, and an orderly end.
//!
//! A gRPC service is a function from a [`Context`] to its routes:
//!
//! ```no_run
//! # #[derive(clap::Parser)]
//! # struct Config { #[command(flatten)] service: service::Config }
//! fn main() -> std::process::ExitCode {
//!     service::main(async {
//!         let config = <Config as clap::Parser>::parse();
//!         service::run("auth", config.service, async |cx| {
//!             cx.ready("database", async || Ok(()));
//!             Ok(tonic::service::Routes::default())
//!         })
//!         .await
//!     })
//! }
//! ```
//!
//! A process that serves something else does the same through [`run_process`]. [`registry`] lists the services of the fleet.

#![warn(missing_docs)]

mod addresses;
pub mod admin;
mod config;
mod context;
mod healthcheck;
mod keys;
pub mod readiness;
pub mod registry;
mod run;
mod server;
pub mod shutdown;
mod tasks;
pub mod telemetry;

pub use addresses::Addresses;
pub use config::{Config, ProcessConfig};
pub use context::Context;
pub use healthcheck::{healthcheck, healthcheck_admin};
pub use readiness::Readiness;
pub use run::{main, run, run_process, run_until};
pub use server::Server;
pub use shutdown::Signals;
