use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, message};
use tokio::time::sleep;

use crate::link::Link;

/// How long a lost queue is left alone.
const RETRY: Duration = Duration::from_millis(200);

/// The messages of one queue. It outlives connections: what was not acknowledged on a lost one comes again.
pub struct Work {
    link: Arc<Link>,
    queue: &'static str,
    prefetch: u16,
    consumer: Option<lapin::Consumer>,
}

/// A message that wants an acknowledgement.
pub struct WorkItem {
    /// What the sender wrote.
    pub body: Vec<u8>,
    delivery: message::Delivery,
}

impl Work {
    pub(crate) fn new(link: Arc<Link>, queue: &'static str, prefetch: u16) -> Self {
        Self { link, queue, prefetch, consumer: None }
    }

    /// The next message, as soon as there is one. May be dropped at any time: no message gets lost by it.
    pub async fn next(&mut self) -> WorkItem {
        loop {
            if let Some(consumer) = &mut self.consumer {
                if let Some(Ok(mut delivery)) = consumer.next().await {
                    return WorkItem { body: std::mem::take(&mut delivery.data), delivery };
                }
                self.consumer = None;
                self.link.doubt();
                sleep(RETRY).await;
            }
            match consume(&self.link.channel().await, self.queue, self.prefetch).await {
                Ok(consumer) => self.consumer = Some(consumer),
                Err(error) => {
                    tracing::warn!(queue = self.queue, error = format!("{error:#}"), "could not consume");
                    self.link.doubt();
                    sleep(RETRY).await;
                }
            }
        }
    }
}

impl WorkItem {
    /// Tells the broker that the message is done with. `false` when it could not be told: then the message comes again, here or elsewhere.
    pub async fn ack(self) -> bool {
        ack(&self.delivery).await
    }
}

/// On a channel that is gone lapin answers an acknowledgement with success, and `false`.
pub(crate) async fn ack(delivery: &message::Delivery) -> bool {
    delivery.ack(BasicAckOptions::default()).await.unwrap_or(false)
}

/// Quorum queues refuse a global prefetch.
pub(crate) async fn consume(channel: &Channel, queue: &str, prefetch: u16) -> Result<lapin::Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions { global: false }).await.context("could not set the prefetch")?;
    let consumer =
        channel.basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default());
    consumer.await.with_context(|| format!("could not consume {queue}"))
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl fmt::Debug for WorkItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkItem").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}
