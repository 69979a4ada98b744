//! A service that tells others of sites and hears of them itself, on a broker and a database of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bus::{Bus, Delivery};
use contracts::auth::v1::{SiteChanged, SiteCopy};
use db::Db;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl as _;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use lapin::{Channel, Connection, ConnectionProperties};
use rpc::AccountId;
use testkit::{TestBroker, TestDb};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");
const LIMIT: Duration = Duration::from_secs(40);

/// Who the service is: the topology names it as a consumer of what is sent here.
pub const SERVICE: &str = "planner";

pub struct World {
    pub broker: TestBroker,
    pub database: TestDb,
    pub db: Db,
    pub account: AccountId,
    pub handler: Handler,
    tasks: Vec<JoinHandle<()>>,
}

/// What the handler does, and how often it was called.
#[derive(Debug, Clone, Default)]
pub struct Handler {
    pub calls: Arc<AtomicUsize>,
    /// Whether events called `poison` and `panic` do their work.
    pub cured: Arc<AtomicBool>,
    /// Whether a service that it calls is away.
    pub blocked: Arc<AtomicBool>,
}

impl World {
    pub async fn new() -> Self {
        let database = TestDb::new(SERVICE, MIGRATIONS).await;
        let db = database.db();
        let account = AccountId::of_message(Uuid::now_v7());
        let broker = TestBroker::new().await;
        Self { broker, database, db, account, handler: Handler::default(), tasks: Vec::new() }
    }

    /// The same with a bus that publishes and a consumer.
    pub async fn running() -> Self {
        let mut world = Self::new().await;
        let bus = world.bus();
        world.relay(&bus);
        world.consume(&bus);
        world
    }

    pub fn bus(&self) -> Bus {
        Bus::new(SERVICE, &self.broker.config()).unwrap()
    }

    /// Keeps the bus connected, and publishes.
    pub fn relay(&mut self, bus: &Bus) {
        self.spawn(bus.clone().run(self.db.clone()));
    }

    pub fn consume(&mut self, bus: &Bus) {
        self.consume_with(bus, &self.db.clone());
    }

    pub fn consume_with(&mut self, bus: &Bus, db: &Db) {
        let (handler, own) = (self.handler.clone(), db.clone());
        let consumer = bus.consumer(db).on(move |delivery: Delivery<SiteChanged>| {
            let (handler, db) = (handler.clone(), own.clone());
            async move { handler.handle(&db, &delivery).await }
        });
        self.spawn(consumer.run());
    }

    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }

    /// Tells of a site with this name.
    pub async fn say(&self, note: &str) {
        self.db.account(self.account, async |conn| bus::push(conn, Uuid::now_v7(), &event(note)).await).await.unwrap();
    }

    pub async fn effects(&self) -> Vec<String> {
        self.texts("SELECT note FROM igny8_effects ORDER BY note").await
    }

    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.database.superuser().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn execute(&self, statement: &str) {
        self.database.superuser().await.batch_execute(statement).await.unwrap();
    }

    pub async fn count(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        self.database.superuser().await.query_one(&query, &[]).await.unwrap().get(0)
    }

    pub async fn until_effects(&self, notes: &[&str]) {
        eventually(&format!("the effects are {notes:?}"), async || self.effects().await == notes).await;
    }

    pub async fn until_outbox_is_empty(&self) {
        eventually("the outbox is empty", async || self.count("igny8_outbox").await == 0).await;
    }

    /// A channel of somebody who speaks to the broker without the bus.
    pub async fn channel(&self) -> (Connection, Channel) {
        let connected = Connection::connect(self.broker.url().as_str(), ConnectionProperties::default()).await;
        let connection = connected.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Handler {
    async fn handle(&self, db: &Db, delivery: &Delivery<SiteChanged>) -> rpc::Result<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let note = delivery.message.site.as_ref().unwrap().name.as_str();
        if AtomicBool::load(&self.blocked, Ordering::Relaxed) {
            return Err(rpc::Error::unavailable(std::io::Error::other("the other service is away")));
        }
        if !AtomicBool::load(&self.cured, Ordering::Relaxed) {
            assert!(note != "panic", "on purpose");
            if note == "poison" {
                return Err(rpc::Error::precondition("POISON", "This cannot be done."));
            }
        }
        db.account(delivery.account(), async |conn| {
            if bus::first_time(conn, delivery).await? {
                let insert = "INSERT INTO igny8_effects (account_id, note, traceparent) VALUES (app.account(), $1, $2)";
                let insert = diesel::sql_query(insert).bind::<Text, _>(note);
                insert.bind::<Nullable<Text>, _>(delivery.traceparent()).execute(conn).await?;
            }
            Ok(())
        })
        .await
    }

    pub fn calls(&self) -> usize {
        AtomicUsize::load(&self.calls, Ordering::Relaxed)
    }
}

pub fn event(note: &str) -> SiteChanged {
    SiteChanged { site: Some(SiteCopy { name: note.to_owned(), ..SiteCopy::default() }) }
}

/// Waits until something holds, and fails when it never does.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
