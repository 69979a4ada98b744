//! A service from outside: real sockets, real certificates.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail the test")]

mod fixture;
mod health;
mod life;
mod metrics;
