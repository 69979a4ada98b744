//! What every process of the fleet has around its own work.
#![warn(missing_docs)]

mod addresses;
pub mod admin;
mod config;
pub mod readiness;
pub mod registry;
pub mod shutdown;
mod tasks;
pub mod telemetry;

pub use addresses::Addresses;
pub use config::{Config, ProcessConfig};
pub use readiness::Readiness;
pub use shutdown::Signals;
