//! The connection to the broker, and whoever brings it back.
//!
//! lapin can recover connections by itself, but may then hang for ever without an error. So it does not: here one task connects, looks
//! after the connection with a question every few seconds, and makes a new one. Channels are made by their users, one for each task, and
//! made anew when they fail.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use lapin::types::LongString;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use secrecy::ExposeSecret;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::{Config, topology};

/// Connecting, logging in and declaring the topology. Quorum queues are slow to make.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// One question and its answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// How often the broker is asked for a sign of life, and how often the connection is looked at without asking.
const PROBE_EVERY: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long a user of a broken channel waits for a new one. Without it all of them would turn in circles while the broker boots.
const RETRY: Duration = Duration::from_millis(200);
const HEARTBEAT_SECONDS: u16 = 10;

pub(crate) struct Link {
    service: &'static str,
    uri: AMQPUri,
    connection: watch::Sender<Option<Arc<Connection>>>,
    doubt: Notify,
}

impl Link {
    pub(crate) fn new(service: &'static str, config: &Config) -> Result<Self> {
        let mut uri: AMQPUri =
            config.amqp_url.expose_secret().parse().map_err(|_| anyhow!("the address of the broker is malformed"))?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self { service, uri, connection: watch::Sender::new(None), doubt: Notify::new() })
    }

    pub(crate) fn is_up(&self) -> bool {
        self.connection.borrow().is_some()
    }

    /// A new channel, as soon as there is a connection.
    pub(crate) async fn channel(&self) -> Channel {
        let mut connection = self.connection.subscribe();
        loop {
            let live = connection.wait_for(Option::is_some).await.ok().and_then(|live| live.clone());
            if let Some(live) = live
                && let Ok(Ok(channel)) = timeout(ANSWER_LIMIT, live.create_channel()).await
            {
                return channel;
            }
            self.doubt();
            sleep(RETRY).await;
        }
    }

    /// Has the connection looked at now rather than at the next turn.
    pub(crate) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Connects, and connects again, for as long as it runs.
    pub(crate) async fn supervise(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect().await {
                Ok(connection) => {
                    pause = FIRST_PAUSE;
                    self.keep(Arc::new(connection)).await;
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "no connection to the broker");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Hands a connection out for as long as it lives.
    async fn keep(&self, connection: Arc<Connection>) {
        tracing::info!("connected to the broker");
        metrics::gauge!("igny8.broker.connected").set(1.0);
        self.connection.send_replace(Some(Arc::clone(&connection)));
        let reason = self.until_lost(&connection).await;
        self.connection.send_replace(None);
        metrics::gauge!("igny8.broker.connected").set(0.0);
        tracing::warn!(error = format!("{reason:#}"), "lost the connection to the broker");
        // It is given up either way.
        let _ = timeout(CLOSE_LIMIT, connection.close(200, "given up".into())).await;
    }

    async fn connect(&self) -> Result<Connection> {
        let connecting = async {
            let name = LongString::from(format!("{} {}", self.service, std::process::id()));
            let properties = ConnectionProperties::default().with_connection_name(name);
            let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
            topology::declare(&connection.create_channel().await?).await?;
            anyhow::Ok(connection)
        };
        timeout(CONNECT_LIMIT, connecting).await.context("it did not answer in time")?
    }

    async fn until_lost(&self, connection: &Connection) -> anyhow::Error {
        let Err(error) = self.watch(connection).await;
        error
    }

    async fn watch(&self, connection: &Connection) -> Result<std::convert::Infallible> {
        let channel = timeout(ANSWER_LIMIT, connection.create_channel()).await.context("no channel in time")??;
        loop {
            let mut waited = Duration::ZERO;
            while waited < PROBE_EVERY {
                if !connection.status().connected() {
                    bail!("the connection is closed");
                }
                tokio::select! {
                    () = sleep(LOOK_EVERY) => waited += LOOK_EVERY,
                    () = self.doubt.notified() => break,
                }
            }
            // While it refuses to take more in, it answers no questions either.
            if !connection.status().blocked() {
                timeout(ANSWER_LIMIT, topology::probe(&channel)).await.context("the broker answers no longer")??;
            }
        }
    }
}
