//! Keywords, clusters and content ideas.
//!
//! One file is one aggregate of the contracts: its RPCs, its row, its SQL. Beside them stand what several need: the copies of sites and
//! sectors ([`site_copies`]), what the writer and the publisher have ([`site_pages`]), the limits of the plan ([`limits`]), the events of other services ([`events`]), and what works on its own,
//! [`folding`] and [`sweeper`].

pub mod automation;
mod cli;
pub mod clusters;
mod config;
pub mod content_ideas;
pub mod erasure;
pub mod events;
pub mod folding;
pub mod import_files;
pub mod imports;
pub mod keywords;
pub mod limits;
mod patience;
pub mod progress;
pub mod schema;
pub mod site_copies;
pub mod site_pages;
mod sql;
pub mod sweeper;
pub mod tags;
pub mod undo;

use std::sync::Arc;

use contracts::planner::v1::{
    automation_service_server::AutomationServiceServer, cluster_service_server::ClusterServiceServer,
    content_idea_service_server::ContentIdeaServiceServer, import_service_server::ImportServiceServer,
    keyword_service_server::KeywordServiceServer, planner_undo_service_server::PlannerUndoServiceServer,
    tag_service_server::TagServiceServer,
};
use contracts::progress::v1::progress_service_server::ProgressServiceServer;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rpc::client::Channel;
use tonic::service::Routes;

pub use cli::{Cli, run, start};
pub use config::Config;

/// The name of this service.
pub const SERVICE: &str = "planner";

/// The tables of this service, on top of those of every service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What the handlers and the background tasks share.
#[derive(Debug)]
pub struct App {
    pub db: db::Db,
    pub bus: bus::Bus,
    pub sites: site_copies::Sites,
    pub limits: limits::Limits,
    pub imports: imports::Importer,
    pub jobs: jobs::Jobs,
    pub writer: Channel,
    pub publisher: Channel,
}

/// The ways to the other services.
#[derive(Debug)]
pub struct Peers {
    pub auth: Channel,
    pub billing: Channel,
    pub ai_processor: Channel,
    pub writer: Channel,
    pub publisher: Channel,
}

impl App {
    /// Reads the settings; connects to nothing yet.
    pub fn new(config: &Config, peers: Peers) -> anyhow::Result<Self> {
        let Peers { auth, billing, ai_processor, writer, publisher } = peers;
        let db = db::Db::connect(&config.db)?;
        let actions: Vec<Box<dyn jobs::Action>> =
            vec![Box::new(clusters::AutoCluster), Box::new(content_ideas::AutoGenerateIdeas)];
        Ok(Self {
            bus: bus::Bus::new(SERVICE, &config.bus)?,
            sites: site_copies::Sites::new(db.clone(), auth),
            limits: limits::Limits::new(billing.clone()),
            imports: imports::Importer::new(&config.imports),
            jobs: jobs::Jobs::new(SERVICE, db.clone(), (billing, ai_processor), actions),
            db,
            writer,
            publisher,
        })
    }
}

/// The gRPC services, one for each aggregate.
pub fn routes(app: &Arc<App>) -> Routes {
    let app = || Arc::clone(app);
    Routes::new(KeywordServiceServer::new(keywords::Keywords(app())))
        .add_service(ClusterServiceServer::new(clusters::Clusters(app())))
        .add_service(ContentIdeaServiceServer::new(content_ideas::ContentIdeas(app())))
        .add_service(ImportServiceServer::new(imports::Imports(app())))
        .add_service(ProgressServiceServer::new(progress::Tasks(app())))
        .add_service(PlannerUndoServiceServer::new(undo::Undo(app())))
        .add_service(TagServiceServer::new(tags::Tags(app())))
        .add_service(AutomationServiceServer::new(automation::Automation(app())))
}
