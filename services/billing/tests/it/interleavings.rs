//! Whatever happens in whatever order, the ledger sums up to nothing.

use contracts::billing::v1 as pb;
use contracts::billing::v1::adjustment_service_client::AdjustmentServiceClient;
use contracts::rest::v1::Role;
use proptest::collection::vec;
use proptest::prelude::*;
use testkit::Actor;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::{Billing, Credits, clustering};

/// Holds that the steps speak of, so that they meet.
const HOLDS: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    Reserve(usize, i64),
    Settle(usize, i64),
    Release(usize),
    Adjust(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..HOLDS, 1..700_i64).prop_map(|(hold, credits)| Step::Reserve(hold, credits)),
        3 => (0..HOLDS, 0..800_i64).prop_map(|(hold, charge)| Step::Settle(hold, charge)),
        2 => (0..HOLDS).prop_map(Step::Release),
        1 => (-600..600_i64).prop_filter("not nothing", |credits| *credits != 0).prop_map(Step::Adjust),
    ]
}

async fn take(
    step: Step,
    credits: Credits,
    mut adjustments: AdjustmentServiceClient<rpc::client::Channel>,
    ids: [Uuid; HOLDS],
    account: Uuid,
) {
    // Refusals are part of it.
    match step {
        Step::Reserve(hold, amount) => {
            let id = ids[hold].to_string();
            let request = pb::ReserveRequest { reservation_id: id.clone(), job_id: id, ..clustering(amount) };
            let _ = credits.reserve(account, request).await;
        }
        Step::Settle(hold, charge) => drop(credits.settle(account, &ids[hold].to_string(), charge).await),
        Step::Release(hold) => drop(credits.release(account, &ids[hold].to_string()).await),
        Step::Adjust(amount) => {
            let staff = Actor::new(Uuid::now_v7(), Role::Admin).system();
            let request =
                pb::CreateAdjustmentRequest { id: account.to_string(), credits: amount, reason: "test".to_owned() };
            let _ = adjustments.create_adjustment(staff.request(request)).await;
        }
    }
}

async fn run(billing: &Billing, steps: Vec<Step>) {
    let account = billing.account().await;
    let ids = std::array::from_fn(|_| Uuid::now_v7());
    let mut all = JoinSet::new();
    for step in steps {
        let adjustments = AdjustmentServiceClient::new(billing.channel());
        all.spawn(take(step, billing.credits(), adjustments, ids, account));
    }
    all.join_all().await;

    let proof = billing.prove().await;
    assert_eq!(proof.imbalance, 0);
    let legs = "SELECT FROM (
            SELECT debit AS wallet, -amount AS change FROM igny8_transfers WHERE op IN ('post', 'direct')
            UNION ALL SELECT credit, amount FROM igny8_transfers WHERE op IN ('post', 'direct')) leg
        HAVING sum(change) <> 0";
    assert_eq!(billing.count(legs).await, 0, "both sides sum up to zero");
    assert_eq!(billing.count("SELECT FROM igny8_wallets WHERE posted < pending OR pending < 0").await, 0);
    let twice =
        "SELECT FROM igny8_transfers GROUP BY account_id, pending_id HAVING pending_id IS NOT NULL AND count(*) > 1";
    assert_eq!(billing.count(twice).await, 0);
    let usage = "SELECT FROM (SELECT sum(held) held, sum(spent) spent FROM igny8_usage_logs) log,
            (SELECT sum(pending) pending FROM igny8_wallets) wallet,
            (SELECT sum(charge) charged FROM igny8_reservations) hold
        WHERE coalesce(held, 0) <> pending OR coalesce(spent, 0) <> coalesce(charged, 0)";
    assert_eq!(billing.count(usage).await, 0, "caps are held against what the ledger says");
}

#[test]
fn the_ledger_sums_up_to_nothing_whatever_happens() {
    let runtime = Runtime::new().unwrap();
    let billing = runtime.block_on(Billing::start());
    proptest!(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }, |(steps in vec(step(), 1..40))| {
        runtime.block_on(run(&billing, steps));
    });
    runtime.block_on(async move { drop(billing) });
}
