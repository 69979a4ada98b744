//! The bus on a real broker and a real database.

#![expect(unreachable_pub, reason = "what the files of a test binary share is reachable from nowhere else anyway")]
#![expect(clippy::unwrap_used, reason = "what a helper of the tests cannot do ends the test")]

mod broker_lost;
mod events;
mod failures;
mod hints;
mod private_broker;
mod proxy;
mod world;
