//! Events on their way when nothing is in it.

use std::time::Instant;

use bus::topology::{EVENTS_EXCHANGE, events_queue};
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use rpc::{AccountId, Error};
use uuid::Uuid;

use crate::world::{SERVICE, World, event, eventually};

#[tokio::test]
async fn an_event_has_its_effect_and_leaves_the_outbox() {
    let world = World::running().await;
    world.say("bakery").await;
    world.until_effects(&["bakery"]).await;
    world.until_outbox_is_empty().await;
    assert_eq!((world.handler.calls(), world.count("igny8_inbox").await), (1, 1));
}

#[tokio::test]
async fn nobody_hears_of_a_transaction_that_was_rolled_back() {
    let world = World::running().await;
    let rolled_back = world.db.account(world.account, async |conn| {
        bus::push(conn, Uuid::now_v7(), &event("never")).await?;
        Err::<(), _>(Error::not_found("site"))
    });
    rolled_back.await.unwrap_err();
    world.say("after").await;
    world.until_effects(&["after"]).await;
}

#[tokio::test]
async fn an_event_that_arrives_twice_has_one_effect() {
    let world = World::running().await;
    world.say("first").await;
    world.until_effects(&["first"]).await;
    let (_connection, channel) = world.channel().await;
    let id = Uuid::now_v7();
    for _ in 0..3 {
        publish(&channel, world.account, id, "copy").await;
    }
    eventually("all three have arrived", async || world.handler.calls() == 4).await;
    world.say("last").await;
    world.until_effects(&["copy", "first", "last"]).await;
}

async fn publish(channel: &lapin::Channel, account: AccountId, id: Uuid, note: &str) {
    let mut headers = FieldTable::default();
    headers.insert("x-igny8-account".into(), AMQPValue::LongString(account.to_string().into()));
    let properties = BasicProperties::default()
        .with_message_id(id.to_string().into())
        .with_type("auth.site.changed".into())
        .with_headers(headers);
    publish_raw(channel, &serde_json::to_vec(&event(note)).unwrap(), properties).await;
}

async fn publish_raw(channel: &lapin::Channel, body: &[u8], properties: BasicProperties) {
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish(EVENTS_EXCHANGE.into(), "auth.site.changed".into(), options, body, properties);
    sent.await.unwrap().await.unwrap();
}

#[tokio::test]
async fn what_no_service_of_the_fleet_can_have_sent_is_passed_over() {
    let world = World::running().await;
    world.say("before").await;
    world.until_effects(&["before"]).await;
    let (_connection, channel) = world.channel().await;
    publish_raw(&channel, b"{}", BasicProperties::default()).await;
    publish_raw(&channel, b"{}", BasicProperties::default().with_message_id("7".into())).await;
    world.say("after").await;
    world.until_effects(&["after", "before"]).await;
    let queue = events_queue(SERVICE);
    eventually("nothing is left in the queue", async || left_in(&channel, &queue).await == 0).await;
}

async fn left_in(channel: &lapin::Channel, queue: &str) -> u32 {
    channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await.unwrap()
}

#[tokio::test]
async fn the_trace_of_the_sender_reaches_the_handler() {
    let world = World::running().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    world
        .execute(&format!(
            "INSERT INTO igny8_outbox (account_id, id, aggregate, event, body, traceparent) VALUES ('{}', gen_random_uuid(), \
             gen_random_uuid(), 'auth.site.changed', '{{\"site\": {{\"name\": \"traced\"}}}}', '{trace}')",
            world.account
        ))
        .await;
    world.until_effects(&["traced"]).await;
    assert_eq!(world.texts("SELECT traceparent FROM igny8_effects").await, [trace]);
}

#[tokio::test]
async fn relays_share_the_outbox_and_consumers_the_queue() {
    const EVENTS: i64 = 2000;
    let mut world = World::new().await;
    world
        .execute(&format!(
            "INSERT INTO igny8_outbox (account_id, id, aggregate, event, body) \
             SELECT '{}', gen_random_uuid(), gen_random_uuid(), 'auth.site.changed', \
                    jsonb_build_object('site', jsonb_build_object('name', n::text)) FROM generate_series(1, {EVENTS}) n",
            world.account
        ))
        .await;
    let begun = Instant::now();
    for _ in 0..2 {
        let bus = world.bus();
        world.relay(&bus);
        world.consume(&bus);
    }
    world.until_outbox_is_empty().await;
    println!("{EVENTS} events left the outbox within {:?}", begun.elapsed());
    eventually("all have had their effect", async || world.count("igny8_effects").await == EVENTS).await;
    println!("and had their effect within {:?}", begun.elapsed());
    assert_eq!(world.texts("SELECT count(DISTINCT note)::text FROM igny8_effects").await, [EVENTS.to_string()]);
}

#[tokio::test]
async fn an_event_that_the_topology_does_not_know_is_refused() {
    let world = World::new().await;
    let unknown = contracts::auth::v1::Site::default();
    let pushed = world.db.account(world.account, async |conn| bus::push(conn, Uuid::now_v7(), &unknown).await);
    assert_eq!(pushed.await.unwrap_err().kind(), rpc::Kind::Internal);
}

#[tokio::test]
async fn a_service_that_starts_before_the_broker_knows_it_gets_what_was_sent_before() {
    let mut world = World::new().await;
    let bus = world.bus();
    world.relay(&bus);
    world.say("early").await;
    world.until_outbox_is_empty().await;
    world.consume(&bus);
    world.until_effects(&["early"]).await;
}
