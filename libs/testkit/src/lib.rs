//! What tests of services stand on: a real database for each test, a service in process behind its real layers, and callers
//! of every role.
//!
//! ```no_run
//! # use contracts::{auth::v1 as pb, rest::v1::Role};
//! # async fn test(migrations: diesel_migrations::EmbeddedMigrations, routes: impl Fn(db::Db) -> tonic::service::Routes) {
//! let database = testkit::TestDb::new("auth", migrations).await;
//! let auth = testkit::serve("auth", routes(database.db())).await;
//!
//! let editor = testkit::Actor::new(uuid::Uuid::now_v7(), Role::Editor);
//! let mut sites = pb::site_service_client::SiteServiceClient::new(auth.channel("gateway"));
//! let page = sites.list_sites(editor.request(pb::ListSitesRequest::default())).await.unwrap();
//! # }
//! ```
//!
//! What it cannot set up ends the test: there is nothing that a test could do about it.

#![warn(missing_docs)]

mod actor;
mod broker;
mod database;
mod fingerprint;
mod keeper;
mod postgres;
mod serve;
mod servers;
mod template;
mod tls;
mod wordpress;

pub use actor::{Actor, anonymous, internal, metadata, public_key, trusted_keys};
pub use broker::TestBroker;
pub use database::TestDb;
pub use postgres::server_url;
pub use serve::{Served, serve, serve_with};
pub use tls::{Tls, tls};
pub use wordpress::{TestWordpress, WordpressUser};

/// Ends the test that asked.
#[expect(clippy::panic, reason = "a test whose surroundings cannot be made has failed")]
fn or_fail<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}
