//! What the database promises, asked of a real PostgreSQL.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail the test")]

mod audit;
mod constraints;
mod database;
mod idempotency;
mod isolation;
mod migrations;
mod outage;
mod pages;
mod proxy;
mod stored;
mod transactions;
mod undo;
