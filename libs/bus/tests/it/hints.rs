//! Hints: messages without an outbox, which may be lost.

use bus::topology::WORK_EXCHANGE;
use bus::{Outcome, Outgoing};
use uuid::Uuid;

use crate::proxy::Proxy;
use crate::world::{SERVICE, World, eventually};

const QUEUE: &str = "igny8.work.batch";

fn hint(routing_key: &'static str, body: &str) -> Outgoing {
    Outgoing { exchange: WORK_EXCHANGE, routing_key, id: Uuid::now_v7(), body: body.into(), persistent: true }
}

#[tokio::test]
async fn a_hint_is_confirmed_received_and_acknowledged() {
    let mut world = World::new().await;
    let bus = world.bus();
    world.relay(&bus);
    let sent = bus.publisher().send(vec![hint(QUEUE, "one"), hint("nowhere", "two"), hint(QUEUE, "three")]).await;
    assert_eq!(sent, [Outcome::Confirmed, Outcome::Returned, Outcome::Confirmed]);
    let mut work = bus.work(QUEUE, 10);
    let (one, three) = (work.next().await, work.next().await);
    assert_eq!((one.body.as_slice(), three.body.as_slice()), (b"one".as_slice(), b"three".as_slice()));
    assert!(one.ack().await && three.ack().await);
}

#[tokio::test]
async fn each_message_of_a_batch_is_told_its_own_outcome() {
    let mut world = World::new().await;
    let bus = world.bus();
    world.relay(&bus);
    let wrong = |n: usize| n.is_multiple_of(5);
    let mut publishers: Vec<_> = (0..4).map(|_| bus.publisher()).collect();
    let sending = publishers.iter_mut().map(async |publisher| {
        let batch = (0..400).map(|n| hint(if wrong(n) { "nowhere" } else { QUEUE }, "x")).collect();
        publisher.send(batch).await
    });
    for sent in futures_util::future::join_all(sending).await {
        for (n, outcome) in sent.into_iter().enumerate() {
            assert_eq!(outcome, if wrong(n) { Outcome::Returned } else { Outcome::Confirmed }, "{n}");
        }
    }
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let mut world = World::new().await;
    let bus = world.bus();
    world.relay(&bus);
    let mut publisher = bus.publisher();
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.extend(publisher.send((0..500).map(|_| hint(QUEUE, "x")).collect()).await);
    }
    let refused = outcomes.iter().filter(|outcome| **outcome == Outcome::Failed).count();
    assert!((1..=1000).contains(&refused), "{refused} of 3000 were refused where 2000 fit");
}

#[tokio::test]
async fn a_hint_that_was_not_acknowledged_comes_again_after_the_connection_is_lost() {
    let mut world = World::new().await;
    let url = world.broker.url().clone();
    let proxy = Proxy::to(&url).await;
    let config = bus::Config { amqp_url: proxy.before(&url).to_string().into() };
    let bus = bus::Bus::new(SERVICE, &config).unwrap();
    world.relay(&bus);
    bus.publisher().send(vec![hint(QUEUE, "again")]).await;
    let mut work = bus.work(QUEUE, 10);
    let first = work.next().await;
    proxy.cut();
    eventually("the loss is noticed", async || !bus.is_connected()).await;
    assert!(!first.ack().await, "nobody was told");
    assert_eq!(bus.publisher().send(vec![hint(QUEUE, "in vain")]).await, [Outcome::Failed]);
    proxy.mend();
    let second = work.next().await;
    assert_eq!(second.body, b"again");
    assert!(second.ack().await);
}
