//! What the tests of the whole fleet share: a fleet in this process, people of every role in it, and requests made from the contract.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test whose surroundings are not as they should be has failed"
)]

pub mod desk;
pub mod faults;
pub mod fleet;
pub mod people;
pub mod samples;
