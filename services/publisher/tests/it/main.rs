//! The service as its callers see it: over gRPC, behind its real layers, on a real database and real WordPresses.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "what a helper of the tests cannot do ends the test")]

mod addresses;
mod catalogue;
mod changed_pages;
mod connections;
mod doctor;
mod harness;
mod names;
mod newsroom;
mod ordeal;
mod passwords;
mod publishing;
mod site_faults;
mod sites;
mod times;
mod way;
mod webhooks;
