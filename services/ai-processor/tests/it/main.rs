//! The service as its callers see it: over gRPC, behind its real layers, on a real database and a real broker.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a helper of the tests cannot do ends the test"
)]

mod author_profiles;
mod built_in;
mod cancel;
mod catalogue;
mod dispatch;
mod erasure;
mod harness;
mod input;
mod interleavings;
mod lease;
mod lists;
mod paid;
mod prompts;
mod request_logs;
mod running;
mod sites;
mod strategies;
mod submit;
mod watch;
