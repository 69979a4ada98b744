//! The ground that other tests stand on.

mod actors;
mod databases;
