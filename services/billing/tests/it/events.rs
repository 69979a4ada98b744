//! Events, through a real broker, as other services send them.

use std::sync::Arc;
use std::time::Duration;

use bus::Bus;
use contracts::ai_processor::v1::{JobFinished, JobState};
use contracts::auth::v1::{AccountCreated, AccountDeleted, ApiKeyChanged};
use contracts::billing::v1 as pb;
use prost_types::Timestamp;
use testkit::TestBroker;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::harness::{Billing, START, clustering};

/// Billing's consumer and a relay, which publishes what a test writes into the outbox.
struct Events {
    billing: Billing,
    _broker: TestBroker,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Events {
    async fn start() -> Self {
        let (billing, broker) = (Billing::start().await, TestBroker::new().await);
        let bus = Bus::new("billing", &broker.config()).unwrap();
        let consumer = billing::events::handle(bus.consumer(&billing.app.db), &billing.app);
        let tasks = [tokio::spawn(bus.run(billing.app.db.clone())), tokio::spawn(consumer.run())];
        Self { billing, _broker: broker, _tasks: tasks.map(AbortOnDropHandle::new) }
    }

    async fn send(&self, account: Uuid, id: Uuid, event: &str, body: &impl serde::Serialize) {
        let insert = "INSERT INTO igny8_outbox (account_id, id, aggregate, event, body) VALUES ($1::text::uuid, $2::text::uuid, \
                      $2::text::uuid, $3, $4::text::jsonb)";
        let body = serde_json::to_string(body).unwrap();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&account.to_string(), &id.to_string(), &event, &body];
        self.billing.database.superuser().await.execute(insert, &parameters).await.unwrap();
    }

    async fn finished(&self, account: Uuid, id: Uuid, reservation: &str, charge: i64) {
        let event = JobFinished {
            job_id: reservation.to_owned(),
            requester: "planner".to_owned(),
            state: if charge > 0 { JobState::Succeeded } else { JobState::Failed }.into(),
            reservation_id: Some(reservation.to_owned()),
            charge,
            ..JobFinished::default()
        };
        self.send(account, id, "ai_processor.job.finished", &event).await;
    }

    /// Until the query finds so many rows.
    async fn until(&self, query: &str, rows: i64) {
        for _ in 0..200 {
            if self.billing.count(query).await == rows {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {rows} rows in time: {query}")
    }
}

#[tokio::test]
async fn a_new_account_gets_its_credits_by_the_event() {
    let events = Events::start().await;
    let account = Uuid::now_v7();
    for _ in 0..2 {
        events.send(account, Uuid::now_v7(), "auth.account.created", &AccountCreated::default()).await;
    }
    events.until("SELECT FROM igny8_inbox", 2).await;
    assert_eq!(events.billing.count("SELECT FROM igny8_transfers").await, 1);
    assert_eq!(events.billing.balance(account).await.balance, START);
}

#[tokio::test]
async fn a_finished_job_settles_its_hold_once_however_often_it_is_told() {
    let events = Events::start().await;
    let account = events.billing.account().await;
    let credits = events.billing.credits();
    let (paid, failed) = (credits.hold(account, 60).await, credits.hold(account, 40).await);
    let id = Uuid::now_v7();
    events.finished(account, id, &paid, 25).await;
    events.until("SELECT FROM igny8_reservations WHERE state = 'settled' AND charge = 25", 1).await;
    // The same message again, and another one about the same job.
    events.until("SELECT FROM igny8_outbox", 0).await;
    events.finished(account, id, &paid, 25).await;
    events.finished(account, Uuid::now_v7(), &paid, 60).await;
    events.finished(account, Uuid::now_v7(), &failed, 0).await;
    events.until("SELECT FROM igny8_inbox", 3).await;
    events.until("SELECT FROM igny8_outbox", 0).await;
    let balance = events.billing.balance(account).await;
    assert_eq!((balance.balance, balance.held), (START - 25, 0));
    assert_eq!(events.billing.prove().await.imbalance, 0);
}

#[tokio::test]
async fn the_event_and_the_call_may_both_come() {
    let events = Events::start().await;
    let account = events.billing.account().await;
    let hold = events.billing.credits().hold(account, 60).await;
    events.billing.credits().settle(account, &hold, 10).await.unwrap();
    events.finished(account, Uuid::now_v7(), &hold, 25).await;
    events.until("SELECT FROM igny8_inbox", 1).await;
    assert_eq!(events.billing.balance(account).await.balance, START - 10);
}

#[tokio::test]
async fn a_job_without_a_hold_is_passed_over_and_an_unknown_hold_is_parked() {
    let events = Events::start().await;
    let account = events.billing.account().await;
    events.send(account, Uuid::now_v7(), "ai_processor.job.finished", &JobFinished::default()).await;
    events.finished(account, Uuid::now_v7(), &Uuid::now_v7().to_string(), 5).await;
    events.until("SELECT FROM igny8_parked_messages", 1).await;
    assert_eq!(events.billing.balance(account).await.balance, START);
}

#[tokio::test]
async fn an_account_that_ended_is_closed_by_the_event() {
    let events = Events::start().await;
    let account = events.billing.account().await;
    events.send(account, Uuid::now_v7(), "auth.account.deleted", &AccountDeleted::default()).await;
    events.until("SELECT FROM igny8_wallets WHERE closed_at IS NOT NULL", 1).await;
    let app = Arc::clone(&events.billing.app);
    let known = events.billing.known(account).await;
    billing::close_account(&app.db, known).await.unwrap();
}

#[tokio::test]
async fn the_cap_that_a_key_has_in_auth_holds_and_an_older_event_does_not_bring_it_back() {
    let events = Events::start().await;
    let (account, key) = (events.billing.account().await, Uuid::now_v7().to_string());
    let changed = async |second: i64, daily_credit_cap: Option<i64>, revoked: bool| {
        let changed_at = Some(Timestamp { seconds: 1_700_000_000 + second, nanos: 0 });
        let event = ApiKeyChanged { api_key_id: key.clone(), daily_credit_cap, revoked, changed_at };
        events.send(account, Uuid::now_v7(), "auth.api_key.changed", &event).await;
    };
    let by_key = |amount| pb::ReserveRequest { api_key_id: Some(key.clone()), ..clustering(amount) };
    let row = "SELECT FROM igny8_api_key_cap_copies WHERE daily_credits";
    changed(2, Some(50), false).await;
    events.until(&format!("{row} = 50"), 1).await;
    let refused = events.billing.credits().reserve(account, by_key(51)).await.unwrap_err();
    assert_eq!(refused.reason(), "SPENDING_CAP_REACHED");
    events.billing.credits().reserve(account, clustering(51)).await.unwrap();

    changed(3, Some(50), true).await;
    events.until(&format!("{row} IS NULL"), 1).await;
    changed(1, Some(10), false).await;
    events.until("SELECT FROM igny8_outbox", 0).await;
    // Whether it is heard before or after the next one, it changes nothing.
    changed(4, Some(60), false).await;
    events.until(&format!("{row} = 60"), 1).await;
    events.billing.credits().reserve(account, by_key(60)).await.unwrap();
}
