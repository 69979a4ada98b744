//! A database for each test, and callers in it.

use db::{Config, Db, migrate};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rpc::token::{Claims, Keys, Signer, Verifier, generate_pkcs8};
use rpc::{AccountId, Caller, Peer};
use url::Url;
use uuid::Uuid;

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");

const ROLES: &str = "DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(7305806);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'igny8_db_test_owner') THEN
        CREATE ROLE igny8_db_test_owner NOLOGIN;
        CREATE ROLE igny8_db_test LOGIN PASSWORD 'test';
        CREATE ROLE igny8_db_test_system LOGIN PASSWORD 'test';
    END IF;
END $$";

/// Dropped at the end of the test, with all that is still connected to it.
pub(crate) struct Database {
    server: Url,
    name: String,
}

impl Database {
    /// An empty one.
    pub(crate) async fn empty() -> Self {
        let server = testkit::server_url().await;
        let name = format!("igny8_db_test_{}", Uuid::now_v7().simple());
        let mut admin = connect(server.as_str()).await;
        admin.batch_execute(ROLES).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name} OWNER igny8_db_test_owner")).await.unwrap();
        Self { server, name }
    }

    /// One with the table of pages.
    pub(crate) async fn new() -> Self {
        let database = Self::empty().await;
        migrate::run(&database.owner_url().into(), MIGRATIONS).await.unwrap();
        database
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("igny8_db_test")
    }

    pub(crate) fn owner_url(&self) -> String {
        format!("{}?options=-c%20role%3Digny8_db_test_owner", self.admin_url())
    }

    pub(crate) fn admin_url(&self) -> String {
        self.server.join(&self.name).unwrap().into()
    }

    pub(crate) fn config(&self) -> Config {
        Config::new(self.url(), Some(self.url_of("igny8_db_test_system").into()))
    }

    fn url_of(&self, role: &str) -> String {
        let mut url = self.server.join(&self.name).unwrap();
        url.set_username(role).unwrap();
        url.set_password(Some("test")).unwrap();
        url.into()
    }

    pub(crate) fn db(&self) -> Db {
        Db::connect(&self.config()).unwrap()
    }

    /// One backend only, so that a test sees what is left behind on it.
    pub(crate) fn db_of_one(&self) -> Db {
        Db::connect(&Config { database_pool_size: 1, ..self.config() }).unwrap()
    }

    /// Runs SQL past every rule.
    pub(crate) async fn admin(&self, sql: &str) {
        connect(&self.admin_url()).await.batch_execute(sql).await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (name, url) = (self.name.clone(), self.server.to_string());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                connect(&url).await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            });
        });
        dropped.join().unwrap();
    }
}

async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.unwrap()
}

/// A user who may see these sites (none: all) of an account.
#[expect(clippy::field_reassign_with_default, reason = "a peer has fields that only rpc may set")]
pub(crate) async fn user_of(account: Uuid, user: Uuid, sites: &[Uuid]) -> Caller {
    let mut claims = Claims::new(user, account, contracts::rest::v1::Role::Admin);
    claims.user = Some(user);
    claims.sites = sites.to_vec();
    let signer = Signer::new("test", &generate_pkcs8()).unwrap();
    let key = signer.public_key().unwrap();
    let keys = Keys::new(move || std::future::ready(Ok(vec![key.clone()])));
    let verified = Verifier::new(keys).verify(&signer.sign(&claims).unwrap()).await.unwrap();
    let mut peer = Peer::default();
    peer.request_id = "request-1".into();
    Caller::new(verified, peer)
}

/// Someone who may see all of a new account.
pub(crate) async fn somebody() -> Caller {
    user_of(Uuid::now_v7(), Uuid::now_v7(), &[]).await
}

/// An account as a system role reads it.
pub(crate) async fn account(db: &Db) -> AccountId {
    use diesel_async::RunQueryDsl;
    let id = diesel::dsl::sql::<diesel::sql_types::Uuid>("gen_random_uuid()");
    db.system(async |conn| Ok(diesel::select(id).get_result(conn).await?)).await.unwrap()
}
