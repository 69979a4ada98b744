//! The service as its callers see it: over gRPC, behind its real layers, on a real database.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a helper of the tests cannot do ends the test"
)]

mod accounts;
mod api_keys;
mod audit;
mod catalogue;
mod events;
mod exchange;
mod fixtures;
mod harness;
mod industries;
mod invitations;
mod keys;
mod mail;
mod passwords;
mod sectors;
mod sessions;
mod site_access;
mod sites;
mod sweeper;
mod throttle;
mod undo;
mod users;
