//! The service as its callers see it: over gRPC, behind its real layers, on a real database.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a helper of the tests cannot do ends the test"
)]

mod adjustments;
mod catalogue;
mod closure;
mod credits;
mod entitlements;
mod events;
mod harness;
mod interleavings;
mod ledger;
mod lists;
mod reconciler;
mod spending_caps;
