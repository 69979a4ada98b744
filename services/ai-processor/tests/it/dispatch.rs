//! Dispatching: fair between accounts, within their caps, each job once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ai_processor::dispatcher::{self, Hint};
use contracts::ai_processor::v1::JobClass;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::harness::{LONG, Processor};

/// This many queued jobs of an account, as submitting leaves them.
async fn queue(processor: &Processor, account: Uuid, jobs: i32, weight: f64, cap: i32) {
    let class = "'interactive'";
    processor
        .execute(&format!(
            "WITH clock AS (SELECT v FROM igny8_vclocks WHERE class = {class}), made AS (
                INSERT INTO igny8_jobs (account_id, id, requester, action, class, req_hash, input_sha256, deadline_at, state, vft)
                SELECT '{account}', gen_random_uuid(), 'planner', 'ideas', {class}, '', '', now() + interval '1 hour', 'queued',
                    v + n / {weight}::float8 FROM clock, generate_series(1, {jobs}) n)
             INSERT INTO igny8_lanes (account_id, class, weight, max_inflight, queued, head_vft, last_vft)
             SELECT '{account}', {class}, {weight}, {cap}, {jobs}, v + 1 / {weight}::float8, v + {jobs} / {weight}::float8 FROM clock"
        ))
        .await;
}

/// The accounts of the next jobs, in the order in which workers with one place get them.
async fn next(processor: &Processor, jobs: usize) -> Vec<Uuid> {
    let mut accounts = Vec::new();
    for _ in 0..jobs {
        let hints = processor.dispatch().await;
        assert_eq!(hints.len(), 1, "without workers one job is out at a time");
        accounts.push(hints[0].account);
        processor.claim(&hints, LONG).await;
    }
    accounts
}

fn counted(accounts: &[Uuid]) -> BTreeMap<Uuid, usize> {
    accounts.iter().fold(BTreeMap::new(), |mut counts, account| {
        *counts.entry(*account).or_default() += 1;
        counts
    })
}

#[tokio::test]
async fn accounts_share_by_their_weights() {
    let processor = Processor::still().await;
    let accounts = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    for (account, weight) in accounts.iter().zip([1.0, 1.0, 2.0]) {
        queue(&processor, *account, 100, weight, 1000).await;
    }
    let counts = counted(&next(&processor, 80).await);
    let shares = accounts.map(|account| counts[&account]);
    assert!(
        (19..=21).contains(&shares[0]) && (19..=21).contains(&shares[1]) && (39..=41).contains(&shares[2]),
        "{shares:?}"
    );
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_quiet_account_does_not_wait_behind_a_loud_one() {
    let processor = Processor::still().await;
    let (loud, quiet) = (Uuid::now_v7(), Uuid::now_v7());
    queue(&processor, loud, 300, 1.0, 1000).await;
    next(&processor, 50).await;
    queue(&processor, quiet, 5, 1.0, 1000).await;
    let order = next(&processor, 12).await;
    assert_eq!(order.iter().filter(|account| **account == quiet).count(), 5, "{order:?}");
    assert!(order.iter().filter(|account| **account == loud).count() >= 5, "the loud one is starved");
}

#[tokio::test]
async fn no_account_has_more_out_than_its_cap() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    queue(&processor, account, 10, 1.0, 3).await;
    next(&processor, 3).await;
    assert!(processor.dispatch().await.is_empty());
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn no_more_is_told_than_twice_what_living_workers_hold() {
    let processor = Processor::still().await;
    for (slots, age) in [(2, 0), (100, 60)] {
        processor
            .execute(&format!(
                "INSERT INTO igny8_workers (id, class, slots, seen_at)
                 VALUES (gen_random_uuid(), 'interactive', {slots}, now() - interval '{age} seconds')"
            ))
            .await;
    }
    for _ in 0..10 {
        queue(&processor, Uuid::now_v7(), 10, 1.0, 1000).await;
    }
    assert_eq!(processor.dispatch().await.len(), 4);
    assert!(processor.dispatch().await.is_empty());
}

#[tokio::test]
async fn four_dispatchers_tell_of_three_thousand_jobs_once_each() {
    let processor = Arc::new(Processor::still().await);
    processor
        .execute("INSERT INTO igny8_workers (id, class, slots) VALUES (gen_random_uuid(), 'interactive', 100)")
        .await;
    for _ in 0..30 {
        queue(&processor, Uuid::now_v7(), 100, 1.0, 8).await;
    }
    let dispatchers = (0..4).map(|_| tokio::spawn(dispatch_and_do(Arc::clone(&processor))));
    let told: Vec<Hint> = join_all(dispatchers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(told.len(), 3000);
    assert_eq!(told.iter().map(|hint| hint.job).collect::<HashSet<_>>().len(), 3000);
    assert_eq!(processor.count("SELECT FROM igny8_jobs WHERE state = 'succeeded' AND dispatch_seq = 1").await, 3000);
    assert_eq!(processor.count("SELECT FROM igny8_lanes WHERE queued <> 0 OR inflight <> 0").await, 0);
    assert_eq!(processor.count("SELECT FROM igny8_job_leases").await, 0);
    assert_eq!(processor.count("SELECT DISTINCT aggregate FROM igny8_outbox").await, 3000);
}

/// Dispatches and does all that it told of, until nothing is left.
async fn dispatch_and_do(processor: Arc<Processor>) -> Vec<Hint> {
    let mut told = Vec::new();
    loop {
        let pass = dispatcher::pass(&processor.app.db, JobClass::Interactive).await.unwrap();
        if pass.told.is_empty() && processor.count("SELECT FROM igny8_jobs WHERE finished_at IS NULL").await == 0 {
            return told;
        }
        for claim in processor.claim(&pass.told, LONG).await {
            assert!(processor.complete(&claim, b"done").await);
        }
        if pass.told.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        told.extend(pass.told);
    }
}
