//! Whatever happens to a few jobs in whatever order: lanes count right, each job ends once, and nothing stands still for ever.

use std::time::Duration;

use ai_processor::jobs::{Move, shift};
use ai_processor::worker::Claim;
use contracts::ai_processor::v1 as pb;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::internal;
use uuid::Uuid;

use crate::harness::{LONG, Processor};

#[derive(Debug, Clone, Copy)]
enum Deed {
    Submit(usize),
    Dispatch,
    LoseHint,
    Claim,
    Complete(usize),
    Fail(usize),
    HandBack(usize),
    Crash,
    Cancel(usize),
    Expire(usize),
    Sweep,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Deed::Submit),
        4 => Just(Deed::Dispatch),
        1 => Just(Deed::LoseHint),
        4 => Just(Deed::Claim),
        3 => (0..8_usize).prop_map(Deed::Complete),
        1 => (0..8_usize).prop_map(Deed::Fail),
        1 => (0..8_usize).prop_map(Deed::HandBack),
        1 => Just(Deed::Crash),
        1 => (0..8_usize).prop_map(Deed::Cancel),
        1 => (0..8_usize).prop_map(Deed::Expire),
        2 => Just(Deed::Sweep),
    ]
}

/// Some accounts, and what became of their jobs as far as a client and workers know.
struct World<'p> {
    processor: &'p Processor,
    accounts: [Uuid; 3],
    jobs: Vec<(Uuid, Uuid)>,
    hints: Vec<ai_processor::dispatcher::Hint>,
    claims: Vec<Claim>,
}

impl World<'_> {
    async fn act(&mut self, deed: Deed) {
        let processor = self.processor;
        match deed {
            Deed::Submit(account) => {
                let account = self.accounts[account];
                self.jobs.push((account, processor.accepted(account).await));
            }
            Deed::Dispatch => self.hints.extend(processor.dispatch().await),
            Deed::LoseHint => {
                processor
                    .execute("UPDATE igny8_jobs SET next_at = now() - interval '1 s' WHERE state = 'dispatched'")
                    .await;
            }
            // Hints are kept: a message can come twice.
            Deed::Claim => self.claims.extend(processor.claim(&self.hints, LONG).await),
            Deed::Complete(at) => {
                if let Some(claim) = self.claims.get(at) {
                    processor.complete(claim, b"result").await;
                }
            }
            Deed::Fail(at) => self.shift(at, |claim| Move::to_wait(claim.epoch, Duration::ZERO)).await,
            Deed::HandBack(at) => {
                let back = |claim: &Claim| Move {
                    to: pb::JobState::Queued,
                    uncounted: true,
                    ..Move::to_wait(claim.epoch, Duration::ZERO)
                };
                self.shift(at, back).await;
            }
            Deed::Crash => {
                processor.execute("UPDATE igny8_job_leases SET lease_until = now() - interval '1 s'").await;
            }
            Deed::Cancel(at) => {
                if let Some((account, job)) = self.jobs.get(at) {
                    let cancel = pb::CancelOwnJobRequest { job_id: job.to_string() };
                    processor.jobs().cancel_own_job(internal(*account, cancel)).await.unwrap();
                }
            }
            Deed::Expire(at) => {
                if let Some((_, job)) = self.jobs.get(at) {
                    let past = "deadline_at = now() - interval '1 s'";
                    let statement = format!("UPDATE igny8_jobs SET {past} WHERE id = '{job}' AND finished_at IS NULL");
                    processor.execute(&statement).await;
                }
            }
            Deed::Sweep => {
                processor.sweep().await;
            }
        }
        processor.lanes_are_right().await;
    }

    async fn shift(&self, at: usize, to: impl Fn(&Claim) -> Move) {
        if let Some(claim) = self.claims.get(at) {
            let to = to(claim);
            let db = &self.processor.app.db;
            db.account(claim.account, async |conn| shift(conn, claim.job, &to).await).await.unwrap();
        }
    }

    /// A world without faults: everything comes to its end.
    async fn settle(&mut self) {
        for _ in 0..100 {
            if self.processor.count("SELECT FROM igny8_jobs WHERE finished_at IS NULL").await == 0 {
                return;
            }
            for deed in [Deed::Crash, Deed::LoseHint, Deed::Sweep, Deed::Sweep, Deed::Dispatch, Deed::Claim] {
                self.act(deed).await;
            }
            for claim in std::mem::take(&mut self.claims) {
                self.processor.complete(&claim, b"result").await;
            }
        }
        panic!("jobs stand still");
    }
}

#[test]
fn every_job_ends_once_whatever_happens() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let processor = runtime.block_on(Processor::still());
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let deeds = proptest::collection::vec(deed(), 1..40);
    let outcome = runner.run(&deeds, |deeds| {
        runtime.block_on(async {
            let accounts = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
            let mut world =
                World { processor: &processor, accounts, jobs: Vec::new(), hints: Vec::new(), claims: Vec::new() };
            for deed in deeds {
                world.act(deed).await;
            }
            world.settle().await;
            for (_, job) in &world.jobs {
                prop_assert_eq!(processor.ends(*job).await.len(), 1);
            }
            let results =
                "SELECT FROM igny8_job_results r JOIN igny8_jobs j ON j.id = r.job_id WHERE j.state <> 'succeeded'";
            prop_assert_eq!(processor.count(results).await, 0);
            prop_assert_eq!(processor.count("SELECT FROM igny8_job_leases").await, 0);
            Ok(())
        })
    });
    outcome.unwrap();
}
