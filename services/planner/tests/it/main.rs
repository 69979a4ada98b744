//! The service as its callers see it: over gRPC, behind its real layers, on a real database.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a helper of the tests cannot do ends the test"
)]

mod automation;
mod bulk;
mod catalogue;
mod clusters;
mod content_ideas;
mod counts;
mod export;
mod harness;
mod importing;
mod imports;
mod jobs;
mod keywords;
mod limits;
mod lists;
mod site_copies;
mod site_pages;
mod sweeper;
mod tags;
mod undo;
