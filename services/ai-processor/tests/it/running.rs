//! All of it together: from a submitted job to its event, with a broker and without one.

use contracts::ai_processor::v1 as pb;
use contracts::progress::v1::TaskState;
use futures_util::future::join_all;
use testkit::internal;
use uuid::Uuid;

use crate::harness::Processor;

/// Waits for the last state of a job, as its requester does.
async fn watched(processor: &Processor, account: Uuid, job: Uuid) -> TaskState {
    let watch = pb::WatchJobRequest { job_id: job.to_string() };
    let mut progress = processor.jobs().watch_job(internal(account, watch)).await.unwrap().into_inner();
    let mut last = TaskState::Unspecified;
    while let Some(progress) = progress.message().await.unwrap() {
        last = progress.state();
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_many_accounts_are_done() {
    let processor = Processor::running().await;
    let accounts: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    let jobs = accounts.iter().cycle().take(100).map(|account| async {
        let job = processor.accepted(*account).await;
        watched(&processor, *account, job).await
    });
    let ends = join_all(jobs).await;
    assert!(ends.iter().all(|state| *state == TaskState::Succeeded), "{ends:?}");
    processor.lanes_are_right().await;
    assert_eq!(processor.count("SELECT FROM igny8_jobs WHERE attempt = 1 AND charge = 10").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_jobs_are_found_in_the_database() {
    let processor = Processor::without_broker().await;
    let account = Uuid::now_v7();
    let job = processor.accepted(account).await;
    assert_eq!(watched(&processor, account, job).await, TaskState::Succeeded);
    processor.lanes_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_is_not_counted_any_more() {
    let processor = Processor::running().await;
    let account = Uuid::now_v7();
    let job = processor.accepted(account).await;
    watched(&processor, account, job).await;
    assert_eq!(processor.count("SELECT FROM igny8_workers").await, 3);
    processor.app.stop.cancel();
    while processor.count("SELECT FROM igny8_workers").await > 0 {
        tokio::task::yield_now().await;
    }
}
