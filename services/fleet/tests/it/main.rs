//! The launcher as a person meets it: its state, its child processes, real servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod command_line;
mod processes;
mod servers;
mod state;
mod support;
