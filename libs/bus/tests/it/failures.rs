//! Handlers that fail, databases and services that are away, confirms that are lost.

use std::sync::atomic::Ordering;

use bus::topology::{DEAD_EXCHANGE, dead_queue, events_queue};
use bus::{Bus, Config};
use db::Db;
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::proxy::Proxy;
use crate::world::{SERVICE, World, eventually};

#[tokio::test]
async fn a_message_that_fails_is_parked_while_others_go_on_and_has_its_effect_later() {
    let world = World::running().await;
    for note in ["poison", "panic", "sound"] {
        world.say(note).await;
    }
    world.until_effects(&["sound"]).await;
    eventually("two are parked", async || world.count("igny8_parked_messages").await == 2).await;
    let errors = world.texts("SELECT error FROM igny8_parked_messages ORDER BY error").await;
    assert!(errors.iter().any(|error| error.contains("POISON")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("the handler panicked")), "{errors:?}");
    eventually("a second try has failed", async || {
        let counts = world.texts("SELECT max(attempts)::text FROM igny8_parked_messages").await;
        counts.first().is_some_and(|most| most != "1")
    })
    .await;
    world.handler.cured.store(true, Ordering::Relaxed);
    world.until_effects(&["panic", "poison", "sound"]).await;
    eventually("none is parked", async || world.count("igny8_parked_messages").await == 0).await;
}

#[tokio::test]
async fn a_message_waits_for_a_service_that_its_handler_calls() {
    let world = World::running().await;
    world.handler.blocked.store(true, Ordering::Relaxed);
    world.say("patient").await;
    eventually("it was tried again", async || world.handler.calls() >= 3).await;
    assert_eq!(world.count("igny8_parked_messages").await, 0);
    world.handler.blocked.store(false, Ordering::Relaxed);
    world.until_effects(&["patient"]).await;
}

#[tokio::test]
async fn messages_wait_for_the_database() {
    let mut world = World::new().await;
    let url = world.database.url().expose_secret().parse().unwrap();
    let proxy = Proxy::to(&url).await;
    let system = world.database.system_url().expose_secret().parse().unwrap();
    let config = db::Config::new(proxy.before(&url).to_string(), Some(proxy.before(&system).to_string().into()));
    let bus = world.bus();
    world.relay(&bus);
    let distant = Db::connect(&config).unwrap();
    world.consume_with(&bus, &distant);
    world.say("before").await;
    world.until_effects(&["before"]).await;
    proxy.cut();
    let notes: Vec<String> = (10..40).map(|n| format!("during {n}")).collect();
    for note in &notes {
        world.say(note).await;
    }
    eventually("they were tried", async || world.handler.calls() > 10).await;
    assert_eq!(world.effects().await, ["before"]);
    proxy.mend();
    let expected: Vec<&str> = ["before"].into_iter().chain(notes.iter().map(String::as_str)).collect();
    world.until_effects(&expected).await;
    assert_eq!(world.count("igny8_parked_messages").await, 0);
}

#[tokio::test]
async fn a_lost_confirm_sends_the_event_again_and_it_has_one_effect() {
    let mut world = World::new().await;
    let direct = world.bus();
    world.consume(&direct);
    // A relay of another database would not do: this one keeps the consumer connected, and publishes by way of the proxy only.
    let url = world.broker.url().clone();
    let proxy = Proxy::to(&url).await;
    let distant = Bus::new(SERVICE, &Config { amqp_url: proxy.before(&url).to_string().into() }).unwrap();
    let idle = testkit::TestDb::new(SERVICE, crate::world::MIGRATIONS).await;
    world.spawn(direct.run(idle.db()));
    world.relay(&distant);
    world.say("before").await;
    world.until_effects(&["before"]).await;
    world.until_outbox_is_empty().await;

    proxy.swallow_answers();
    world.say("unconfirmed").await;
    world.until_effects(&["before", "unconfirmed"]).await;
    assert_eq!(world.count("igny8_outbox").await, 1, "the broker's word for it has not come");
    world.until_outbox_is_empty().await;
    eventually("it was delivered again", async || world.handler.calls() >= 3).await;
    assert_eq!(world.effects().await, ["before", "unconfirmed"]);
}

#[tokio::test]
async fn an_event_that_no_queue_takes_stays_in_the_outbox() {
    let mut world = World::new().await;
    let bus = world.bus();
    world.relay(&bus);
    world.say("before").await;
    world.until_outbox_is_empty().await;
    let (_connection, channel) = world.channel().await;
    for service in bus::topology::consumers() {
        channel.queue_delete(events_queue(service).into(), QueueDeleteOptions::default()).await.unwrap();
    }
    world.say("kept").await;
    eventually("it was returned", async || {
        world.texts("SELECT attempts::text FROM igny8_outbox").await.first().is_some_and(|attempts| attempts != "0")
    })
    .await;
    // Whoever connects declares everything.
    let second = world.bus();
    world.relay(&second);
    world.consume(&second);
    world.until_effects(&["kept"]).await;
    world.until_outbox_is_empty().await;
}

#[tokio::test]
async fn a_message_that_the_broker_gave_up_is_parked_and_has_its_effect() {
    let world = World::running().await;
    world.say("before").await;
    world.until_effects(&["before"]).await;
    let (_connection, channel) = world.channel().await;
    let mut headers = FieldTable::default();
    headers.insert("x-igny8-account".into(), AMQPValue::LongString(world.account.to_string().into()));
    let properties = BasicProperties::default()
        .with_message_id(Uuid::now_v7().to_string().into())
        .with_type("auth.site.changed".into())
        .with_headers(headers);
    let body = serde_json::to_vec(&crate::world::event("given up")).unwrap();
    let options = BasicPublishOptions::default();
    let key = dead_queue(SERVICE);
    channel.basic_publish(DEAD_EXCHANGE.into(), key.into(), options, &body, properties).await.unwrap().await.unwrap();
    world.until_effects(&["before", "given up"]).await;
}
