use std::fmt;
use std::sync::Arc;

use db::Db;

use crate::link::Link;
use crate::{Config, Consumer, Publisher, Work, inbox, relay};

/// A service's end of the broker. Cheap to clone; clones share one connection.
///
/// It connects in the background and again whenever the connection is lost: a service starts and serves while the broker is away.
#[derive(Clone)]
pub struct Bus {
    service: &'static str,
    link: Arc<Link>,
}

impl Bus {
    /// Reads the settings. Fails on a malformed address, and on nothing else.
    pub fn new(service: &'static str, config: &Config) -> anyhow::Result<Self> {
        describe();
        Ok(Self { service, link: Arc::new(Link::new(service, config)?) })
    }

    /// Starts what the bus does by itself, in the background of the process: [`Bus::run`].
    ///
    /// There is no readiness check: without a broker events wait and hints are lost, and every request is still served.
    pub fn attach(&self, cx: &service::Context, db: &Db) {
        cx.spawn("bus", self.clone().run(db.clone()));
    }

    /// Keeps the connection, publishes what is in the outbox of this database, and forgets old rows of its inbox. Never ends.
    pub async fn run(self, db: Db) {
        tokio::join!(
            self.link.supervise(),
            relay::run(&db, self.publisher()),
            relay::count_forever(&db),
            inbox::sweep_forever(&db),
        );
    }

    /// Begins a consumer of the events that the topology names for this service.
    pub fn consumer(&self, db: &Db) -> Consumer {
        Consumer::new(self.service, Arc::clone(&self.link), db.clone())
    }

    /// A publisher of hints with a channel of its own. Make one for each task: shared ones would mix up their confirms.
    pub fn publisher(&self) -> Publisher {
        Publisher::new(Arc::clone(&self.link))
    }

    /// Messages of a work queue, at most `prefetch` of them unacknowledged at a time.
    pub fn work(&self, queue: &'static str, prefetch: u16) -> Work {
        Work::new(Arc::clone(&self.link), queue, prefetch)
    }

    /// Whether there is a connection to the broker at the moment.
    pub fn is_connected(&self) -> bool {
        self.link.is_up()
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("service", &self.service).finish_non_exhaustive()
    }
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("igny8.broker.connected", "1 while there is a connection to the broker, else 0");
    describe_gauge!("igny8.outbox.pending", "events that wait for their way to the broker");
    describe_gauge!("igny8.parked.messages", "messages that failed and wait for another try");
    describe_counter!("messaging.client.sent.messages", "messages sent, by whether the broker confirmed them");
    describe_counter!(
        "messaging.client.refused.messages",
        "messages received that no service of the fleet can have sent"
    );
    describe_histogram!("messaging.process.duration", Unit::Seconds, "how long a message was worked on");
    describe_histogram!("igny8.outbox.delay", Unit::Seconds, "from the writing of an event to the broker's confirm");
}
