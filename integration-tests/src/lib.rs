//! What the tests of the whole fleet share: a fleet in this process, people of every role in it, and requests made from the contract.

pub mod fleet;
pub mod people;
pub mod samples;
