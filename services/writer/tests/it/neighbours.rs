//! The services that writing needs, with databases of their own.

use std::sync::Arc;

use ai_processor::{JobsConfig, Surroundings};
use rpc::client::{Channel, Target};
use testkit::{Served, TestDb};
use tokio_util::sync::CancellationToken;

use crate::harness::nowhere;

/// A served one. Its database goes with it.
pub struct Neighbour {
    pub database: TestDb,
    served: Served,
}

impl Neighbour {
    /// Where a new account has credits.
    pub async fn billing() -> Self {
        let database = TestDb::new("billing", billing::MIGRATIONS).await;
        let app = Arc::new(billing::App::new(&database.config()).unwrap());
        let served = testkit::serve("billing", billing::routes(&app)).await;
        Self { database, served }
    }

    /// It takes jobs, and does none.
    pub async fn ai_processor() -> Self {
        let database = TestDb::new("ai-processor", ai_processor::MIGRATIONS).await;
        let bus = bus::Config { amqp_url: "amqp://127.0.0.1:1".into() };
        let channel = |service| Channel::new(&nowhere(service), &testkit::tls().identity("ai-processor"));
        let surroundings = Surroundings {
            bus: bus::Bus::new("ai-processor", &bus).unwrap(),
            auth: channel("auth"),
            billing: channel("billing"),
            stop: CancellationToken::new(),
        };
        let config = ai_processor::Config { db: database.config(), bus, jobs: JobsConfig::default() };
        let app = Arc::new(ai_processor::App::new(&config, surroundings).unwrap());
        let served = testkit::serve("ai-processor", ai_processor::routes(&app)).await;
        Self { database, served }
    }

    pub fn target(&self) -> Target {
        self.served.target()
    }

    pub fn channel(&self) -> Channel {
        self.served.channel("gateway")
    }
}
