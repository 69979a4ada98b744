//! Real servers with real certificates, called over loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod client;
mod fleet;
mod tls;
mod trace;
