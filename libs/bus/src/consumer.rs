//! Events as they arrive.
//!
//! A message is acknowledged when it has had its effect or is parked, and never given back: that would count as a failed delivery. While
//! the database or a called service is away, messages wait in hand, and with the prefetch used up the broker keeps the rest.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use db::Db;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryStreamExt as _};
use http::{HeaderMap, HeaderValue};
use lapin::message;
use prost::Name;
use rpc::{Error, Kind};
use serde::de::DeserializeOwned;
use tokio::time::sleep;
use tracing::Instrument as _;

use crate::envelope::Envelope;
use crate::link::Link;
use crate::work::{ack, consume};
use crate::{Delivery, parked, topology};

const PREFETCH: u16 = 50;
/// Messages in work at the same time. Each takes a connection to the database.
const AT_ONCE: usize = 8;
const RETRY: Duration = Duration::from_millis(200);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

type Handler = Box<dyn Fn(Envelope, &str) -> BoxFuture<'static, rpc::Result<()>> + Send + Sync>;

/// The events that a service hears, each with its handler.
pub struct Consumer {
    pub(crate) db: Db,
    service: &'static str,
    link: Arc<Link>,
    handlers: HashMap<&'static str, Handler>,
}

/// What is done with the messages of a queue.
#[derive(Debug, Clone, Copy)]
enum Treatment {
    Handle,
    Park,
}

impl Consumer {
    pub(crate) fn new(service: &'static str, link: Arc<Link>, db: Db) -> Self {
        Self { db, service, link, handlers: HashMap::new() }
    }

    /// Handles the events of one type. A handler may be called several times with one event, and at the same time with others: it asks
    /// [`first_time`](crate::first_time) in the transaction of its effect, and guards by versions and states where their order matters.
    ///
    /// `Ok`: done. `Err` of [`Kind::Unavailable`]: the database, or a service that the handler calls, is away; it is called again, after
    /// ever longer pauses up to five seconds. Any other `Err`, and a panic: the message is parked and tried again after ever longer times,
    /// while others go on.
    pub fn on<M, F, R>(mut self, handler: F) -> Self
    where
        M: Name + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> R + Send + Sync + 'static,
        R: Future<Output = rpc::Result<()>> + Send + 'static,
    {
        let name = M::full_name();
        let event = topology::event_of_message(&name).filter(|event| event.consumers.contains(&self.service));
        let Some(event) = event else {
            tracing::error!(message = name, "the topology does not name this event for this service");
            return self;
        };
        let handler = move |envelope: Envelope, body: &str| match serde_json::from_str::<M>(body) {
            Ok(message) => handler(Delivery::new(envelope, message)).boxed(),
            Err(error) => std::future::ready(Err(Error::internal(error))).boxed(),
        };
        self.handlers.insert(event.key, Box::new(handler));
        self
    }

    /// Consumes, and tries parked messages again. Never ends; spawn it.
    pub fn run(self) -> impl Future<Output = ()> + Send + 'static {
        let (queue, dead) = (topology::events_queue(self.service), topology::dead_queue(self.service));
        let consumer = Arc::new(self);
        async move {
            tokio::join!(
                consumer.consume(&queue, Treatment::Handle),
                consumer.consume(&dead, Treatment::Park),
                parked::run(&consumer),
            );
        }
    }

    async fn consume(self: &Arc<Self>, queue: &str, treatment: Treatment) {
        loop {
            if let Err(error) = self.session(queue, treatment).await {
                tracing::warn!(queue, error = format!("{error:#}"), "stopped consuming");
            }
            self.link.doubt();
            sleep(RETRY).await;
        }
    }

    /// Consumes on one channel for as long as it lives.
    async fn session(self: &Arc<Self>, queue: &str, treatment: Treatment) -> Result<()> {
        let channel = self.link.channel().await;
        let deliveries = consume(&channel, queue, PREFETCH).await?;
        let take = |delivery| {
            let consumer = Arc::clone(self);
            async move {
                consumer.take(delivery, treatment).await;
                Ok(())
            }
        };
        deliveries.try_for_each_concurrent(AT_ONCE, take).await?;
        bail!("the broker ended it")
    }

    async fn take(&self, delivery: message::Delivery, treatment: Treatment) {
        let done = match Envelope::read(&delivery) {
            Ok(envelope) => {
                let body = String::from_utf8_lossy(&delivery.data);
                match treatment {
                    Treatment::Handle => self.handle_or_park(&envelope, &body).await,
                    Treatment::Park => self.park(&envelope, &body, &given_up()).await,
                }
            }
            Err(error) => {
                metrics::counter!("messaging.client.refused.messages").increment(1);
                tracing::error!(key = %delivery.routing_key, error = format!("{error:#}"), "not a message of this fleet");
                true
            }
        };
        // What could not even be parked comes again when this channel ends.
        if done && !ack(&delivery).await {
            tracing::debug!("the channel was gone before the acknowledgement, so the message comes again");
        }
    }

    /// Calls the handler until it answers something else than that it cannot work at the moment. Answers whether the message is done with.
    async fn handle_or_park(&self, envelope: &Envelope, body: &str) -> bool {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.call(envelope, body).await {
                Ok(()) => return true,
                Err(error) if error.kind() == Kind::Unavailable => wait(&mut pause, &error).await,
                Err(error) => return self.park(envelope, body, &error).await,
            }
        }
    }

    async fn park(&self, envelope: &Envelope, body: &str, reason: &Error) -> bool {
        let mut pause = FIRST_PAUSE;
        loop {
            match parked::park(&self.db, envelope, body, reason).await {
                Ok(()) => return true,
                Err(error) if error.kind() == Kind::Unavailable => wait(&mut pause, &error).await,
                Err(error) => {
                    tracing::error!(id = %envelope.id, error = ?error, "could not park a message");
                    return false;
                }
            }
        }
    }

    /// Calls the handler once, in a span that continues the sender's trace.
    pub(crate) async fn call(&self, envelope: &Envelope, body: &str) -> rpc::Result<()> {
        let event = topology::event(&envelope.event).map_or("unknown", |event| event.key);
        let Some(handler) = self.handlers.get(event) else {
            return Err(Error::internal(anyhow!("this service has no handler for {}", envelope.event)));
        };
        let begun = Instant::now();
        let call = AssertUnwindSafe(async { handler(envelope.clone(), body).await }).catch_unwind();
        let outcome = call.instrument(span(event, envelope)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Error::internal(anyhow!("the handler panicked"))));
        let kind = outcome.as_ref().map_or_else(|error| error.kind().name(), |()| "OK");
        let labels = [("messaging.destination.name", event), ("error.type", kind)];
        metrics::histogram!("messaging.process.duration", &labels).record(begun.elapsed());
        outcome
    }
}

async fn wait(pause: &mut Duration, error: &Error) {
    tracing::warn!(error = ?error, "cannot work on messages at the moment");
    sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

fn given_up() -> Error {
    Error::internal(anyhow!("the broker delivered it too often"))
}

fn span(event: &'static str, envelope: &Envelope) -> tracing::Span {
    let span = tracing::info_span!(
        "event",
        otel.name = format!("process {event}"),
        otel.kind = "consumer",
        messaging.system = "rabbitmq",
        messaging.destination.name = event,
        messaging.message.id = %envelope.id,
        account = %envelope.account,
    );
    let mut headers = HeaderMap::new();
    if let Some(parent) = envelope.traceparent.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert("traceparent", parent);
    }
    rpc::trace::continue_trace(&span, &headers);
    span
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("service", &self.service).finish_non_exhaustive()
    }
}
