//! The gateway as a browser or a program meets it: over HTTP, before a real auth service on a real database.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test whose surroundings are broken has failed")]
#![expect(unreachable_pub, reason = "the modules are parts of one test binary")]

mod backend;
mod credentials;
mod dialect;
mod harness;
mod limits;
mod origins;
mod outage;
mod pages;
mod streams;
mod uploads;
mod wire;
