//! A broker that is killed, and one that loses its disk.

use std::time::Instant;

use crate::private_broker::PrivateBroker;
use crate::world::{SERVICE, World, eventually};

#[tokio::test]
async fn a_killed_broker_loses_nothing_and_one_that_lost_its_disk_heals() {
    let (mut world, broker) = tokio::join!(World::new(), PrivateBroker::start());
    let bus = bus::Bus::new(SERVICE, &bus::Config { amqp_url: broker.url.to_string().into() }).unwrap();
    world.relay(&bus);
    // Nobody consumes yet: these lie in the broker when it is killed.
    let mut expected: Vec<String> = (100..300).map(|n| format!("confirmed {n}")).collect();
    for note in &expected {
        world.say(note).await;
    }
    world.until_outbox_is_empty().await;
    broker.kill().await;
    world.say("while it was down").await;
    expected.push("while it was down".to_owned());
    eventually("the loss is noticed", async || !bus.is_connected()).await;
    broker.restart().await;
    world.consume(&bus);
    world.until_outbox_is_empty().await;
    eventually("nothing was lost", async || world.effects().await == expected).await;

    broker.kill().await;
    broker.wipe();
    world.say("while it was erased").await;
    expected.push("while it was erased".to_owned());
    broker.restart().await;
    let begun = Instant::now();
    eventually("its effect came through a broker that knew nothing", async || world.effects().await == expected).await;
    println!("healed within {:?} of the broker's first answer", begun.elapsed());
    world.until_outbox_is_empty().await;
}
