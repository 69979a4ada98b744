//! Where articles are published: connections of sites, and what is written there.
//!
//! [`connections`] keeps who writes where, [`wordpress`] speaks with a site and says what is wrong with it. Beside them stand the copies of
//! sites ([`site_copies`]), the events of other services ([`events`]), and what works on its own ([`sweeper`]).

mod cli;
mod config;
pub mod connections;
pub mod erasure;
pub mod events;
pub mod progress;
pub mod publications;
mod resealing;
pub mod schema;
pub mod site_copies;
pub mod sweeper;
pub mod undo;
pub mod webhooks;
pub mod wordpress;

use std::sync::Arc;

use contracts::progress::v1::progress_service_server::ProgressServiceServer;
use contracts::publisher::v1::{
    connection_service_server::ConnectionServiceServer, publication_service_server::PublicationServiceServer,
    publish_request_service_server::PublishRequestServiceServer,
    publisher_undo_service_server::PublisherUndoServiceServer, webhook_service_server::WebhookServiceServer,
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rpc::client::Channel;
use tonic::service::Routes;

pub use cli::{Cli, run, start};
pub use config::Config;

/// The name of this service.
pub const SERVICE: &str = "publisher";

/// The tables of this service, on top of those of every service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What the handlers and the background tasks share.
#[derive(Debug)]
pub struct App {
    pub db: db::Db,
    pub bus: bus::Bus,
    /// The service that knows the sites.
    pub auth: Channel,
    pub articles: publications::Articles,
    pub publications: publications::Driver,
    /// There is something to deliver to a webhook.
    pub deliveries: tokio::sync::Notify,
    pub seal: seal::Keyring,
    /// The only way to an address that a person gave.
    pub outbound: outbound::Client,
    /// How long one request to a site may take.
    pub site_timeout: std::time::Duration,
}

impl App {
    /// Reads the settings; connects to nothing yet.
    pub fn new(config: &Config, auth: Channel, writer: Channel) -> anyhow::Result<Self> {
        Ok(Self {
            db: db::Db::connect(&config.db)?,
            bus: bus::Bus::new(SERVICE, &config.bus)?,
            auth,
            articles: publications::Articles::new(writer),
            publications: publications::Driver::new(&config.publications),
            deliveries: tokio::sync::Notify::new(),
            seal: seal::Keyring::parse(&config.seal_keys)?,
            outbound: outbound::Client::new(&config.outbound)?,
            site_timeout: std::time::Duration::from_millis(config.site_timeout_ms.into()),
        })
    }
}

/// The gRPC services, one for each aggregate.
pub fn routes(app: &Arc<App>) -> Routes {
    let app = || Arc::clone(app);
    Routes::new(ConnectionServiceServer::new(connections::Connections(app())))
        .add_service(PublicationServiceServer::new(publications::Publications(app())))
        .add_service(PublishRequestServiceServer::new(publications::Requests(app())))
        .add_service(WebhookServiceServer::new(webhooks::Webhooks(app())))
        .add_service(ProgressServiceServer::new(progress::Tasks(app())))
        .add_service(PublisherUndoServiceServer::new(undo::Undo(app())))
}
