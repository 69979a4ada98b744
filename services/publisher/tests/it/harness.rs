//! A served publisher with a database of its own, people with sites, and their connections.

use std::sync::Arc;

use clap::Parser as _;
use contracts::auth::v1 as auth;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::connection_service_client::ConnectionServiceClient;
use contracts::rest::v1::Role;
use publisher::{App, Config, MIGRATIONS};
use rpc::AccountId;
use rpc::client::{Channel, Target};
use testkit::{Actor, Served, TestDb, WordpressUser};
use tonic::Status;
use uuid::Uuid;

/// Keys that seal: the second one is for tests that put another in front.
pub const KEY: &str = "one:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
pub const NEWER_KEY: &str = "two:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
/// What a site may take for an answer.
pub const PATIENCE_MS: &str = "4000";

pub struct Publisher {
    pub database: TestDb,
    pub app: Arc<App>,
    pub served: Served,
}

/// A site, and somebody of its account who may do everything.
#[derive(Debug, Clone)]
pub struct Place {
    pub owner: Actor,
    pub site: Uuid,
}

#[derive(Debug, clap::Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

impl Publisher {
    /// One that may go to this machine.
    pub async fn start() -> Self {
        Self::allowing("127.0.0.1/32").await
    }

    /// One that may go to these networks beside public addresses.
    pub async fn allowing(networks: &str) -> Self {
        let database = TestDb::new("publisher", MIGRATIONS).await;
        Self::over(database, KEY, networks).await
    }

    /// The same database, served with other keys.
    pub async fn with_keys(self, keys: &str) -> Self {
        Self::over(self.database, keys, "127.0.0.1/32").await
    }

    async fn over(database: TestDb, keys: &str, networks: &str) -> Self {
        let config = config(&database, keys, networks);
        let app = Arc::new(App::new(&config, nobody("auth", "publisher"), nobody("writer", "publisher")).unwrap());
        let served = testkit::serve("publisher", publisher::routes(&app)).await;
        Self { database, app, served }
    }

    /// As the gateway calls.
    pub fn channel(&self) -> Channel {
        self.served.channel("gateway")
    }

    pub fn connections(&self) -> ConnectionServiceClient<Channel> {
        ConnectionServiceClient::new(self.channel())
    }

    /// A new account with one site.
    pub async fn place(&self) -> Place {
        let place = Place { owner: Actor::new(Uuid::now_v7(), Role::Owner), site: Uuid::now_v7() };
        self.tell(&place.owner, &copy(place.site, 1)).await;
        place
    }

    /// What auth tells of a site.
    pub async fn tell(&self, of: &Actor, copy: &auth::SiteCopy) {
        let apply = async |conn: &mut db::AccountConn| publisher::site_copies::apply(conn, copy).await;
        self.app.db.account(AccountId::of_message(of.account()), apply).await.unwrap();
    }

    pub async fn create(
        &self,
        place: &Place,
        request: pb::CreateConnectionRequest,
    ) -> Result<pb::Connection, rpc::Error> {
        Ok(self.connections().create_connection(place.owner.request(request)).await?.into_inner())
    }

    /// A connection of the site to this address.
    pub async fn connect(&self, place: &Place, url: &str, user: &WordpressUser) -> pb::Connection {
        let request = connection(place, url, &user.user, &user.application_password);
        self.create(place, request).await.unwrap()
    }

    pub async fn test(&self, place: &Place, id: &str) -> pb::ConnectionDiagnosis {
        let request = pb::TestConnectionRequest { id: id.to_owned() };
        self.connections().test_connection(place.owner.request(request)).await.unwrap().into_inner()
    }

    pub async fn get(&self, place: &Place, id: &str) -> pb::Connection {
        let request = pb::GetConnectionRequest { id: id.to_owned() };
        self.connections().get_connection(place.owner.request(request)).await.unwrap().into_inner()
    }

    /// The first column of what the query finds, past all policies.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.database.superuser().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn execute(&self, statement: &str) -> u64 {
        self.database.superuser().await.execute(statement, &[]).await.unwrap()
    }
}

pub fn config(database: &TestDb, keys: &str, networks: &str) -> Config {
    let named = [
        ("--database-url", "postgres://replaced"),
        ("--system-database-url", "postgres://replaced"),
        ("--amqp-url", "amqp://127.0.0.1:1"),
        ("--seal-keys", keys),
        ("--site-timeout-ms", PATIENCE_MS),
        ("--outbound-allow", networks),
    ];
    let given = named.into_iter().filter(|(_, value)| !value.is_empty()).flat_map(|(name, value)| [name, value]);
    let Arguments { config } = Arguments::parse_from(std::iter::once("publisher").chain(given));
    Config { db: database.config(), ..config }
}

/// A channel to a service that does not answer.
pub fn nobody(service: &str, caller: &str) -> Channel {
    let target = Target::new(service, "https://127.0.0.1:1").unwrap();
    Channel::new(&target, &testkit::tls().identity(caller))
}

/// A site as auth tells of it.
pub fn copy(site: Uuid, version: i64) -> auth::SiteCopy {
    auth::SiteCopy {
        id: site.to_string(),
        version,
        name: "Monday Coffee".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        language: "en".to_owned(),
        active: true,
        daily_pace: 10,
        ..auth::SiteCopy::default()
    }
}

pub fn connection(place: &Place, url: &str, username: &str, password: &str) -> pb::CreateConnectionRequest {
    pb::CreateConnectionRequest {
        site_id: place.site.to_string(),
        url: url.to_owned(),
        username: username.to_owned(),
        application_password: password.to_owned(),
        ..pb::CreateConnectionRequest::default()
    }
}

/// Reads an error as a caller does.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> rpc::Error {
    answer.unwrap_err().into()
}
