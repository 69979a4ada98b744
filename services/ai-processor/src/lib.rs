//! Everything that decides what the AI says: jobs, providers, prompts.
//!
//! The life of a job, in files: [`jobs`] accepts it, [`dispatcher`] picks it fairly and tells the workers, [`worker`] does it through
//! [`provider`], [`sweeper`] moves on whatever stands still, [`progress`] shows it.

pub mod author_profiles;
mod built_in;
mod cli;
mod config;
pub mod dispatcher;
pub mod erasure;
pub mod events;
pub mod jobs;
pub mod limits;
pub mod progress;
pub mod prompts;
pub mod provider;
pub mod request_logs;
pub mod retention;
pub mod schema;
pub mod site_copies;
pub mod strategies;
pub mod sweeper;
pub mod undo;
pub mod worker;

use std::sync::Arc;

use bus::Bus;
use contracts::ai_processor::v1::{
    author_profile_service_server::AuthorProfileServiceServer, job_service_server::JobServiceServer,
    prompt_service_server::PromptServiceServer, request_log_service_server::RequestLogServiceServer,
    strategy_service_server::StrategyServiceServer, system_undo_service_server::SystemUndoServiceServer,
};
use contracts::progress::v1::progress_service_server::ProgressServiceServer;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rpc::client::Channel;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

pub use cli::{Cli, all, run};
pub use config::{Config, JobsConfig};

/// The tables of this service, on top of those of every service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What the handlers and the background tasks share.
#[derive(Debug)]
pub struct App {
    pub db: db::Db,
    pub bus: Bus,
    /// The service that knows the sites.
    pub auth: Channel,
    pub settings: JobsConfig,
    pub limits: limits::Limits,
    pub dispatcher: dispatcher::Wake,
    pub watches: progress::Watches,
    pub held: worker::Held,
    /// Cancelled when the process begins to stop.
    pub stop: CancellationToken,
}

/// What the process around the service brings along.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub bus: Bus,
    pub auth: Channel,
    pub billing: Channel,
    pub stop: CancellationToken,
}

impl App {
    /// Reads the settings; connects to nothing yet.
    pub fn new(config: &Config, surroundings: Surroundings) -> anyhow::Result<Self> {
        let Surroundings { bus, auth, billing, stop } = surroundings;
        Ok(Self {
            db: db::Db::connect(&config.db)?,
            bus,
            auth,
            settings: config.jobs.clone(),
            limits: limits::Limits::new(billing, config.jobs.running_jobs),
            dispatcher: dispatcher::Wake::default(),
            watches: progress::Watches::new(stop.clone()),
            held: worker::Held::default(),
            stop,
        })
    }
}

/// The gRPC services, one for each aggregate.
pub fn routes(app: &Arc<App>) -> Routes {
    let app = || Arc::clone(app);
    Routes::new(JobServiceServer::new(jobs::Jobs(app())))
        .add_service(ProgressServiceServer::new(progress::ProgressOfJobs(app())))
        .add_service(AuthorProfileServiceServer::new(author_profiles::AuthorProfiles(app())))
        .add_service(PromptServiceServer::new(prompts::Prompts(app())))
        .add_service(RequestLogServiceServer::new(request_logs::RequestLogs(app())))
        .add_service(StrategyServiceServer::new(strategies::Strategies(app())))
        .add_service(SystemUndoServiceServer::new(undo::Undo(app())))
}
