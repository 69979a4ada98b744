//! The database of a service: transactions that belong to one account, and what every service stores besides its own tables.
//!
//! A request says who it is for once, and every statement in the body then runs under that account:
//!
//! ```no_run
//! # use diesel_async::RunQueryDsl;
//! # async fn f(db: db::Db, caller: rpc::Caller) -> rpc::Result<()> {
//! let open = db
//!     .transaction(&caller, async |conn| {
//!         diesel::sql_query("UPDATE igny8_sites SET active = false").execute(conn).await?;
//!         Ok(())
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Db`] is the only way to a connection. What it hands out carries its account in its type ([`AccountConn`]), in the transaction's
//! settings, and through them in the row-level security that `migrations/00000000000000_foundation` lays on every table.

#![warn(missing_docs)]

pub mod audit;
mod config;
mod conn;
mod constraint;
mod db;
pub mod idempotency;
mod list;
pub mod migrate;
mod pool;
mod ready;
mod schema;
mod statement;
mod stored;
mod sweep;
pub mod undo;

pub use config::Config;
pub use conn::{AccountConn, SystemConn};
pub use constraint::{Constraint, OnConstraint};
pub use db::Db;
pub use list::{Page, contains_pattern, order_keys};
pub use statement::{Bound, Statement, statement};
pub use stored::Stored;
