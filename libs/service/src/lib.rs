//! What every process of the fleet has around its own work.
#![warn(missing_docs)]

pub mod registry;
