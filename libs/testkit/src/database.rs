//! A database for one test.

use anyhow::{Context as _, Result, anyhow};
use diesel_migrations::EmbeddedMigrations;
use secrecy::SecretString;
use service::registry::{Database, service};
use tokio_postgres::Client;
use url::Url;
use uuid::Uuid;

use crate::{
    fingerprint,
    keeper::Keeper,
    or_fail,
    postgres::{as_owner, at, connect, server},
    template::{PASSWORD, Template},
};

/// A migrated database with nothing in it, dropped with this value, also when the test panics.
#[derive(Debug)]
pub struct TestDb {
    database: Database,
    server: Url,
    _keeper: Keeper,
}

impl TestDb {
    /// Makes a database as the migrations of this service leave it.
    ///
    /// # Panics
    /// The registry gives the service no database, the server cannot be reached, or a migration fails.
    pub async fn new(service: &str, migrations: EmbeddedMigrations) -> Self {
        or_fail(Self::make(service, migrations).await.context("could not make a test database"))
    }

    async fn make(name: &str, migrations: EmbeddedMigrations) -> Result<Self> {
        let roles = service(name).and_then(|service| service.database.clone());
        let roles = roles.with_context(|| format!("the registry gives {name} no database"))?;
        let server = tokio::task::spawn_blocking(server).await??;
        let database = roles.named(format!("test_{}_{}", roles.app, Uuid::now_v7().simple()));
        let template = Template { server: server.clone(), roles, key: fingerprint::of(name)?, migrations };
        let keeper = Keeper::start(database.clone(), template).await?;
        Ok(Self { database, server, _keeper: keeper })
    }

    /// The library's handle on it, with both roles.
    ///
    /// # Panics
    /// The handle could not be made.
    pub fn db(&self) -> db::Db {
        or_fail(db::Db::connect(&self.config()).map_err(|error| anyhow!(error)))
    }

    /// The settings that name it.
    pub fn config(&self) -> db::Config {
        db::Config::new(self.url(), Some(self.system_url()))
    }

    /// Its address for the service's own role.
    pub fn url(&self) -> SecretString {
        self.login(&self.database.app)
    }

    /// Its address for the service's system role.
    pub fn system_url(&self) -> SecretString {
        self.login(&self.database.system)
    }

    /// Its address for a migration: a superuser that acts as the owner.
    pub fn owner_url(&self) -> SecretString {
        as_owner(&self.server, &self.database).to_string().into()
    }

    /// A connection of a superuser, whom no policy hides anything from: to see what is there, not to do the service's work.
    ///
    /// # Panics
    /// The server cannot be reached.
    pub async fn superuser(&self) -> Client {
        or_fail(connect(&at(&self.server, &self.database.name), "testkit").await)
    }

    fn login(&self, role: &str) -> SecretString {
        let mut url = at(&self.server, &self.database.name);
        let named = url.set_username(role).and_then(|()| url.set_password(Some(PASSWORD)));
        or_fail(named.map_err(|()| anyhow!("the address of the test server cannot carry a user")));
        url.to_string().into()
    }
}
