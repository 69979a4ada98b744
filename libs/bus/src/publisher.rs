use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::envelope;
use crate::link::Link;

/// From the first message of a batch to the confirm of its last.
const LIMIT: Duration = Duration::from_secs(5);

/// A message without an envelope: a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// As [`topology::WORK_EXCHANGE`](crate::topology::WORK_EXCHANGE).
    pub exchange: &'static str,
    /// As one of [`topology::WORK_QUEUES`](crate::topology::WORK_QUEUES).
    pub routing_key: &'static str,
    /// Different from that of every other message of the batch.
    pub id: Uuid,
    /// What the receiver reads.
    pub body: Vec<u8>,
    /// Whether it survives a restart of the broker.
    pub persistent: bool,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The broker has it, in every queue that is bound for it.
    Confirmed,
    /// No queue is bound for it.
    Returned,
    /// Not known, or refused, as by a queue that is full. It may arrive all the same.
    Failed,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Returned => "returned",
            Self::Failed => "failed",
        }
    }
}

/// Sends messages and learns what became of each, on a channel of its own.
///
/// Two tasks that share a channel of lapin are told wrong outcomes: a message that the broker refused counts as sent. So this cannot be
/// cloned. And lapin hands a returned message to whichever confirm comes next, so a batch is awaited whole and its returned messages are
/// found by their ids.
pub struct Publisher {
    link: Arc<Link>,
    channel: Option<Channel>,
}

/// A message in the broker's terms.
pub(crate) struct Message {
    pub(crate) exchange: &'static str,
    pub(crate) routing_key: String,
    pub(crate) id: Uuid,
    pub(crate) body: Vec<u8>,
    /// Whether it must reach a queue.
    pub(crate) mandatory: bool,
    pub(crate) properties: BasicProperties,
}

impl Publisher {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self { link, channel: None }
    }

    /// Sends a batch, and answers in its order what became of each message: within five seconds, whatever the broker does.
    pub async fn send(&mut self, batch: Vec<Outgoing>) -> Vec<Outcome> {
        let messages = batch.into_iter().map(|outgoing| Message {
            exchange: outgoing.exchange,
            routing_key: outgoing.routing_key.to_owned(),
            id: outgoing.id,
            body: outgoing.body,
            mandatory: true,
            properties: envelope::properties(outgoing.id, outgoing.persistent),
        });
        self.send_all(messages.collect()).await
    }

    /// Resolves when there is a channel to send on.
    pub(crate) async fn ready(&mut self) {
        while !self.channel.as_ref().is_some_and(|channel| channel.status().connected()) {
            let channel = self.link.channel().await;
            match channel.confirm_select(ConfirmSelectOptions::default()).await {
                Ok(()) => self.channel = Some(channel),
                Err(_) => self.link.doubt(),
            }
        }
    }

    pub(crate) async fn send_all(&mut self, messages: Vec<Message>) -> Vec<Outcome> {
        let deadline = Instant::now() + LIMIT;
        let ids: Vec<Uuid> = messages.iter().map(|message| message.id).collect();
        let ready = timeout_at(deadline, self.ready()).await.is_ok();
        // Taken out: a batch that is given up in the middle leaves confirms behind that the next one must not meet.
        let outcomes = match self.channel.take().filter(|_| ready) {
            Some(channel) => {
                let outcomes = send_on(&channel, messages, deadline).await;
                if outcomes.contains(&Outcome::Failed) {
                    self.link.doubt();
                } else {
                    self.channel = Some(channel);
                }
                outcomes
            }
            None => vec![Outcome::Failed; ids.len()],
        };
        for outcome in &outcomes {
            metrics::counter!("messaging.client.sent.messages", "outcome" => outcome.name()).increment(1);
        }
        outcomes
    }
}

async fn send_on(channel: &Channel, messages: Vec<Message>, deadline: Instant) -> Vec<Outcome> {
    let mut ids = Vec::with_capacity(messages.len());
    let mut confirms = Vec::with_capacity(messages.len());
    for message in messages {
        ids.push(message.id);
        confirms.push(timeout_at(deadline, publish(channel, message)).await.ok().flatten());
    }
    let answers = confirms.into_iter().map(|confirm| async move { timeout_at(deadline, confirm?).await.ok()?.ok() });
    let answers: Vec<Option<Confirmation>> = join_all(answers).await;
    let mut returned = HashSet::new();
    let mut confirmed = Vec::with_capacity(answers.len());
    for answer in answers {
        confirmed.push(answer.as_ref().is_some_and(Confirmation::is_ack));
        returned.extend(answer.and_then(Confirmation::take_message).and_then(|message| id_of(&message)));
    }
    // Those that no confirm took along.
    if let Ok(Ok(rest)) = timeout_at(deadline, channel.wait_for_confirms()).await {
        returned.extend(rest.iter().filter_map(id_of));
    }
    let outcome = |(id, confirmed)| match (returned.contains(&id), confirmed) {
        (true, _) => Outcome::Returned,
        (false, true) => Outcome::Confirmed,
        (false, false) => Outcome::Failed,
    };
    ids.into_iter().zip(confirmed).map(outcome).collect()
}

async fn publish(channel: &Channel, message: Message) -> Option<PublisherConfirm> {
    let Message { exchange, routing_key, body, mandatory, properties, id: _ } = message;
    let options = BasicPublishOptions { mandatory, immediate: false };
    channel.basic_publish(exchange.into(), routing_key.into(), options, &body, properties).await.ok()
}

fn id_of(returned: &BasicReturnMessage) -> Option<Uuid> {
    returned.delivery.properties.message_id().as_ref().and_then(|id| Uuid::try_parse(id.as_str()).ok())
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
