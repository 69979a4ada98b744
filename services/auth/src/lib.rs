//! Accounts, their people and sites, and the proof of who is calling.
//!
//! One file is one aggregate of the contracts: its RPCs, its row, its SQL. Beside them stand what several need: [`mail`], [`secrets`],
//! [`throttle`], and the two that work on their own, [`keys::rotation`] and [`sweeper`].

pub mod accounts;
pub mod api_keys;
pub mod audit;
mod cli;
mod config;
pub mod copies;
pub mod email;
pub mod industries;
pub mod invitations;
pub mod keys;
pub mod mail;
pub mod passwords;
pub mod schema;
pub mod secrets;
pub mod sectors;
pub mod sessions;
pub mod site_access;
pub mod sites;
pub mod sweeper;
mod throttle;
pub mod undo;
pub mod users;

use std::sync::Arc;

use contracts::auth::v1::{
    account_service_server::AccountServiceServer, api_key_service_server::ApiKeyServiceServer,
    audit_service_server::AuditServiceServer, copy_service_server::CopyServiceServer,
    industry_service_server::IndustryServiceServer, invitation_service_server::InvitationServiceServer,
    key_service_server::KeyServiceServer, password_service_server::PasswordServiceServer,
    sector_service_server::SectorServiceServer, session_service_server::SessionServiceServer,
    site_access_service_server::SiteAccessServiceServer, site_service_server::SiteServiceServer,
    undo_service_server::UndoServiceServer, user_service_server::UserServiceServer,
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tonic::service::Routes;

pub use cli::{Cli, run, start};
pub use config::{Config, MailConfig};

/// The tables of this service, on top of those of every service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What the handlers and the background tasks share.
#[derive(Debug)]
pub struct App {
    pub db: db::Db,
    pub keys: keys::Keyring,
    pub passwords: passwords::Hasher,
    pub mail: mail::Postman,
    pub seal: seal::Keyring,
}

impl App {
    /// Reads the settings; connects to nothing yet.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let db = db::Db::connect(&config.db)?;
        let seal = seal::Keyring::parse(&config.seal_keys)?;
        Ok(Self {
            keys: keys::Keyring::new(db.clone(), seal.clone()),
            passwords: passwords::Hasher::default(),
            mail: mail::Postman::new(&config.mail)?,
            db,
            seal,
        })
    }
}

/// The gRPC services, one for each aggregate.
pub fn routes(app: &Arc<App>) -> Routes {
    let app = || Arc::clone(app);
    Routes::new(AccountServiceServer::new(accounts::Accounts(app())))
        .add_service(ApiKeyServiceServer::new(api_keys::ApiKeys(app())))
        .add_service(AuditServiceServer::new(audit::Audit(app())))
        .add_service(CopyServiceServer::new(copies::Copies(app())))
        .add_service(IndustryServiceServer::new(industries::Industries(app())))
        .add_service(InvitationServiceServer::new(invitations::Invitations(app())))
        .add_service(KeyServiceServer::new(keys::Keys(app())))
        .add_service(PasswordServiceServer::new(passwords::Passwords(app())))
        .add_service(SectorServiceServer::new(sectors::Sectors(app())))
        .add_service(SessionServiceServer::new(sessions::Sessions(app())))
        .add_service(SiteAccessServiceServer::new(site_access::SiteAccesses(app())))
        .add_service(SiteServiceServer::new(sites::Sites(app())))
        .add_service(UndoServiceServer::new(undo::Undo(app())))
        .add_service(UserServiceServer::new(users::Users(app())))
}
