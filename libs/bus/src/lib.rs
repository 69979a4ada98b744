//! Events and hints over RabbitMQ.
//!
//! An event leaves through a row of `igny8_outbox`, written in the transaction of what it tells of, and arrives through a row of
//! `igny8_inbox`, written in the transaction of its effect. So it has its effect once, whatever is killed in between:
//!
//! ```no_run
//! # use contracts::auth::v1::SiteChanged;
//! # async fn apply(_: &mut db::AccountConn, _: &SiteChanged) -> rpc::Result<()> { Ok(()) }
//! # fn start(cx: &service::Context, db: &db::Db, config: &bus::Config) -> anyhow::Result<()> {
//! let bus = bus::Bus::new("planner", config)?;
//! bus.attach(cx, db);
//! let handlers = db.clone();
//! let consumer = bus.consumer(db).on(move |delivery: bus::Delivery<SiteChanged>| {
//!     let db = handlers.clone();
//!     async move {
//!         db.account(delivery.account(), async |conn| {
//!             if bus::first_time(conn, &delivery).await? {
//!                 apply(conn, &delivery.message).await?;
//!             }
//!             Ok(())
//!         })
//!         .await
//!     }
//! });
//! cx.spawn("events", consumer.run());
//! # Ok(())
//! # }
//! ```
//!
//! [`push`] is the other end. Which events there are, who sends and who hears them stands in [`topology`], and nowhere else.
//!
//! Hints are messages that may be lost, because a poll stands behind them: [`Publisher`] sends them, [`Bus::work`] receives them.

#![warn(missing_docs)]

mod bus;
mod config;
mod consumer;
mod delivery;
mod envelope;
mod inbox;
mod link;
mod outbox;
mod parked;
mod publisher;
mod relay;
mod schema;
pub mod topology;
mod work;

pub use bus::Bus;
pub use config::Config;
pub use consumer::Consumer;
pub use delivery::Delivery;
pub use inbox::first_time;
pub use outbox::{push, push_as_system};
pub use publisher::{Outcome, Outgoing, Publisher};
pub use work::{Work, WorkItem};
