//! Tasks, articles, and their images.
//!
//! One file is one aggregate of the contracts: its RPCs, its row, its SQL. Beside them stand what several need: the copies of sites and
//! sectors ([`site_copies`]), what a request names many of ([`selection`]), the events of other services ([`events`]), and what works on
//! its own, [`sweeper`].

mod author_profiles;
mod cli;
mod config;
pub mod contents;
pub mod erasure;
pub mod events;
pub mod files;
pub mod generation;
pub mod images;
mod patience;
pub mod progress;
pub mod publishing;
pub mod schema;
pub mod selection;
pub mod site_copies;
pub mod sweeper;
pub mod tasks;
pub mod undo;

use std::sync::Arc;

use contracts::progress::v1::progress_service_server::ProgressServiceServer;
use contracts::writer::v1::{
    content_service_server::ContentServiceServer, file_service_server::FileServiceServer,
    generation_service_server::GenerationServiceServer, image_service_server::ImageServiceServer,
    publishing_service_server::PublishingServiceServer, task_service_server::TaskServiceServer,
    writer_undo_service_server::WriterUndoServiceServer,
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rpc::client::Channel;
use tonic::service::Routes;

pub use cli::{Cli, run, start};
pub use config::Config;

/// The name of this service.
pub const SERVICE: &str = "writer";

/// The tables of this service, on top of those of every service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What the handlers and the background tasks share.
#[derive(Debug)]
pub struct App {
    pub db: db::Db,
    pub bus: bus::Bus,
    pub sites: site_copies::Sites,
    pub files: files::Store,
    pub jobs: jobs::Jobs,
    /// The service that knows the author profiles.
    pub ai_processor: Channel,
}

impl App {
    /// Reads the settings; connects to nothing yet. `auth`, `billing` and `ai_processor` are the ways to these services.
    pub fn new(config: &Config, auth: Channel, billing: Channel, ai_processor: Channel) -> anyhow::Result<Self> {
        let db = db::Db::connect(&config.db)?;
        let files = files::Store::new(&config.files)?;
        Ok(Self {
            bus: bus::Bus::new(SERVICE, &config.bus)?,
            sites: site_copies::Sites::new(db.clone(), auth),
            jobs: jobs::Jobs::new(
                SERVICE,
                db.clone(),
                (billing, ai_processor.clone()),
                generation::actions(&db, &files),
            ),
            files,
            db,
            ai_processor,
        })
    }
}

/// The gRPC services, one for each aggregate.
pub fn routes(app: &Arc<App>) -> Routes {
    let app = || Arc::clone(app);
    Routes::new(TaskServiceServer::new(tasks::Tasks(app())))
        .add_service(ContentServiceServer::new(contents::Contents(app())))
        .add_service(ImageServiceServer::new(images::Images(app())))
        .add_service(FileServiceServer::new(files::Files(app())))
        .add_service(GenerationServiceServer::new(generation::Generation(app())))
        .add_service(ProgressServiceServer::new(progress::Progresses(app())))
        .add_service(PublishingServiceServer::new(publishing::Publishing(app())))
        .add_service(WriterUndoServiceServer::new(undo::Undo(app())))
}
