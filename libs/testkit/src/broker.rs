//! A broker for one test.

use anyhow::{Context as _, Result, bail};
use bus::topology::{DEAD_EXCHANGE, EVENTS_EXCHANGE, WORK_EXCHANGE, WORK_QUEUES, consumers, dead_queue, events_queue};
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use url::Url;

use crate::{or_fail, servers};

/// Names a broker to use, as `amqp://user:password@host:port` of a user who may do all in the virtual hosts `test-1` to `test-24`.
const VARIABLE: &str = "IGNY8_TEST_AMQP_URL";
const VHOSTS: u32 = 24;
/// Whoever holds this queue of a virtual host has it for a test. The broker frees it with the connection.
const LEASE: &str = "testkit.lease";

/// A virtual host of the test's own, with nothing in it.
#[derive(Debug)]
pub struct TestBroker {
    url: Url,
    _lease: Connection,
}

impl TestBroker {
    /// Takes a virtual host that no other test has.
    ///
    /// # Panics
    /// The broker cannot be reached, or lacks the virtual hosts for tests.
    pub async fn new() -> Self {
        or_fail(Self::lease().await.context("no broker for this test"))
    }

    /// What a service reaches it with.
    pub fn config(&self) -> bus::Config {
        bus::Config { amqp_url: self.url.as_str().into() }
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    async fn lease() -> Result<Self> {
        let server = tokio::task::spawn_blocking(|| servers::named_by(VARIABLE, |servers| servers.amqp)).await??;
        // Tests of one run have neighbouring process ids.
        let first = std::process::id();
        for attempt in 0..VHOSTS {
            let mut url = server.clone();
            url.set_path(&format!("test-{}", first.wrapping_add(attempt) % VHOSTS + 1));
            if let Some(lease) = take(&url).await? {
                return Ok(Self { url, _lease: lease });
            }
        }
        bail!("all of its {VHOSTS} virtual hosts are taken: run fewer tests at once")
    }
}

/// The connection that holds the virtual host; `None` when another test has it.
async fn take(url: &Url) -> Result<Option<Connection>> {
    let connection = Connection::connect(url.as_str(), ConnectionProperties::default())
        .await
        .with_context(|| format!("could not connect to the virtual host {}", url.path()))?;
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    if channel.queue_declare(LEASE.into(), options, FieldTable::default()).await.is_err() {
        return Ok(None);
    }
    clear(&channel).await?;
    Ok(Some(connection))
}

/// Removes what the test before has left. What is not there counts as removed.
async fn clear(channel: &Channel) -> Result<()> {
    let of_services = consumers().into_iter().flat_map(|service| [events_queue(service), dead_queue(service)]);
    for queue in of_services.chain(WORK_QUEUES.iter().map(|&queue| queue.to_owned())) {
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    for exchange in [EVENTS_EXCHANGE, WORK_EXCHANGE, DEAD_EXCHANGE] {
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await?;
    }
    Ok(())
}
