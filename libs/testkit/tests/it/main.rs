//! The ground that other tests stand on.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod actors;
mod databases;
