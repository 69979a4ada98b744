//! Which messages there are, who sends and who hears them, and what the broker is told of it.
//!
//! Every service declares all of it whenever it connects. A queue must stand before the first event for it is published, also when its
//! owner has never run, and a broker whose disk was lost must have them all again, whoever comes back first.
//!
//! The arguments of a queue never change: the broker refuses to declare one that is there with others, and nobody could connect. A queue
//! that needs others gets another name.

use anyhow::{Context as _, Result};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{Channel, ExchangeKind};

/// The topic exchange of all events.
pub const EVENTS_EXCHANGE: &str = "igny8.events";
/// The direct exchange of hints to workers.
pub const WORK_EXCHANGE: &str = "igny8.work";
/// Where the broker puts a message that it delivered too often.
pub const DEAD_EXCHANGE: &str = "igny8.dead";

/// The queues of hints to workers. The routing key of each is its name.
pub const WORK_QUEUES: &[&str] = &["igny8.work.interactive", "igny8.work.batch", "igny8.work.image"];

/// Deliveries of one message before the broker gives it up. Kills of a consumer count, and take all that it had in hand along.
const DELIVERY_LIMIT: i32 = 20;
/// Hints beyond this are refused: the dispatcher keeps far fewer on their way.
const WORK_QUEUE_LENGTH: i32 = 2000;

/// One kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Full name of the proto message.
    pub message: &'static str,
    /// Its name, which is its routing key.
    pub key: &'static str,
    /// Who sends it.
    pub producer: &'static str,
    /// Who hears it.
    pub consumers: &'static [&'static str],
}

/// Every event of the fleet.
pub const EVENTS: &[Event] = &[
    Event {
        message: "igny8.auth.v1.AccountCreated",
        key: "auth.account.created",
        producer: "auth",
        consumers: &["billing"],
    },
    Event { message: "igny8.auth.v1.AccountChanged", key: "auth.account.changed", producer: "auth", consumers: &[] },
    Event {
        message: "igny8.auth.v1.AccountDeleted",
        key: "auth.account.deleted",
        producer: "auth",
        consumers: &["planner", "writer", "ai-processor", "billing", "publisher"],
    },
    Event {
        message: "igny8.auth.v1.ApiKeyChanged",
        key: "auth.api_key.changed",
        producer: "auth",
        consumers: &["billing"],
    },
    Event {
        message: "igny8.auth.v1.SiteChanged",
        key: "auth.site.changed",
        producer: "auth",
        consumers: &["planner", "writer", "ai-processor", "publisher"],
    },
    Event {
        message: "igny8.ai_processor.v1.JobFinished",
        key: "ai_processor.job.finished",
        producer: "ai-processor",
        consumers: &["planner", "writer", "billing"],
    },
    Event {
        message: "igny8.planner.v1.ContentIdeaQueued",
        key: "planner.content_idea.queued",
        producer: "planner",
        consumers: &["writer"],
    },
    Event {
        message: "igny8.planner.v1.KeywordsImported",
        key: "planner.keywords.imported",
        producer: "planner",
        consumers: &[],
    },
    Event {
        message: "igny8.writer.v1.TaskCreated",
        key: "writer.task.created",
        producer: "writer",
        consumers: &["planner"],
    },
    Event {
        message: "igny8.writer.v1.ContentChanged",
        key: "writer.content.changed",
        producer: "writer",
        consumers: &["planner", "publisher"],
    },
    Event {
        message: "igny8.publisher.v1.PublicationChanged",
        key: "publisher.publication.changed",
        producer: "publisher",
        consumers: &["planner", "writer"],
    },
];

/// The event of a proto message.
pub fn event_of_message(full_name: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.message == full_name)
}

/// The event with this name.
pub fn event(key: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.key == key)
}

/// The queue of the events for a service.
pub fn events_queue(service: &str) -> String {
    format!("igny8.{service}.events")
}

/// The queue of the events for a service that the broker gave up delivering.
pub fn dead_queue(service: &str) -> String {
    format!("igny8.{service}.dead")
}

/// Every service that hears an event.
pub fn consumers() -> Vec<&'static str> {
    let mut consumers: Vec<_> = EVENTS.iter().flat_map(|event| event.consumers).copied().collect();
    consumers.sort_unstable();
    consumers.dedup();
    consumers
}

/// Tells the broker all of the above. What is there already stays.
pub(crate) async fn declare(channel: &Channel) -> Result<()> {
    for (exchange, kind) in [
        (EVENTS_EXCHANGE, ExchangeKind::Topic),
        (WORK_EXCHANGE, ExchangeKind::Direct),
        (DEAD_EXCHANGE, ExchangeKind::Direct),
    ] {
        declare_exchange(channel, exchange, kind, false).await?;
    }
    for service in consumers() {
        let (queue, dead) = (events_queue(service), dead_queue(service));
        declare_queue(channel, &dead, quorum()).await?;
        bind(channel, &dead, DEAD_EXCHANGE, &dead).await?;
        declare_queue(channel, &queue, dead_lettered(quorum(), &dead)).await?;
        for event in EVENTS.iter().filter(|event| event.consumers.contains(&service)) {
            bind(channel, &queue, EVENTS_EXCHANGE, event.key).await?;
        }
    }
    for queue in WORK_QUEUES {
        declare_queue(channel, queue, bounded(quorum())).await?;
        bind(channel, queue, WORK_EXCHANGE, queue).await?;
    }
    Ok(())
}

/// Whether the broker answers and has the topology: asks for an exchange without making it.
pub(crate) async fn probe(channel: &Channel) -> Result<()> {
    declare_exchange(channel, EVENTS_EXCHANGE, ExchangeKind::Topic, true).await
}

async fn declare_exchange(channel: &Channel, exchange: &str, kind: ExchangeKind, passive: bool) -> Result<()> {
    let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
    let declared = channel.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await;
    declared.with_context(|| format!("could not declare the exchange {exchange}"))
}

async fn declare_queue(channel: &Channel, queue: &str, arguments: FieldTable) -> Result<()> {
    let declared = channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await;
    declared.map(drop).with_context(|| format!("could not declare the queue {queue}"))
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<()> {
    let options = QueueBindOptions::default();
    let bound = channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await;
    bound.with_context(|| format!("could not bind {queue} to {key} of {exchange}"))
}

/// Replicated and on disk. RabbitMQ 3.10 accepts arguments that it does not know and ignores them: only those stand here that it implements.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

/// At least once: that takes `reject-publish`, without which the broker falls back to at most once.
fn dead_lettered(mut arguments: FieldTable, dead: &str) -> FieldTable {
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments.insert("x-dead-letter-exchange".into(), text(DEAD_EXCHANGE));
    arguments.insert("x-dead-letter-routing-key".into(), text(dead));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments
}

/// A hint that is given up is not kept: the sweeper of jobs sends another one.
fn bounded(mut arguments: FieldTable) -> FieldTable {
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(WORK_QUEUE_LENGTH));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The messages of `proto/igny8/*/v1/events.proto`, each with the name that its comment gives it.
    fn in_the_protos() -> BTreeSet<(String, String)> {
        let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/igny8");
        let files = std::fs::read_dir(protos).unwrap().map(|entry| entry.unwrap().path().join("v1/events.proto"));
        files
            .filter(|file| file.is_file())
            .flat_map(|file| events_in(&std::fs::read_to_string(file).unwrap()))
            .collect()
    }

    fn events_in(proto: &str) -> Vec<(String, String)> {
        let package = proto.lines().find_map(|line| line.strip_prefix("package ")?.strip_suffix(';')).unwrap();
        let mut name = None;
        let mut events = Vec::new();
        for line in proto.lines() {
            if let Some((key, _)) = line.strip_prefix("// `").and_then(|rest| rest.split_once("`:")) {
                name = Some(key.to_owned());
            } else if let Some(message) = line.strip_prefix("message ").and_then(|rest| rest.split_once(' ')) {
                events.extend(name.take().map(|name| (format!("{package}.{}", message.0), name)));
            }
        }
        events
    }

    #[test]
    fn the_table_has_every_event_of_the_protos_under_its_name() {
        let table = EVENTS.iter().map(|event| (event.message.to_owned(), event.key.to_owned())).collect();
        assert_eq!(in_the_protos(), table);
    }

    #[test]
    fn producers_and_consumers_are_services_of_the_registry() {
        for event in EVENTS {
            for name in event.consumers.iter().chain([&event.producer]) {
                assert!(service::registry::service(name).is_some_and(|service| service.database.is_some()), "{name}");
            }
        }
    }
}
