//! The service as its callers see it: over gRPC, behind its real layers, on a real database.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "what a helper of the tests cannot do ends the test")]

mod author_profiles;
mod catalogue;
mod contents;
mod decisions;
mod generation;
mod harness;
mod images;
mod neighbours;
mod pictures;
mod publishing;
mod revisions;
mod site_copies;
mod slugs;
mod sweeping;
mod tasks;
