//! Cancelling a job in each of its states.

use std::sync::Arc;
use std::time::Duration;

use ai_processor::worker::{Stop, work_on};
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::JobState;
use contracts::rest::v1::Role;
use testkit::{Actor, internal};
use uuid::Uuid;

use crate::harness::{LONG, Processor};

async fn cancel(processor: &Processor, account: Uuid, job: Uuid) -> pb::JobStatus {
    let request = pb::CancelOwnJobRequest { job_id: job.to_string() };
    processor.jobs().cancel_own_job(internal(account, request)).await.unwrap().into_inner()
}

async fn ended_once_for_nothing(processor: &Processor, job: Uuid) {
    let ends = processor.ends(job).await;
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert_eq!((&ends[0]["state"], &ends[0]["charge"]), (&"cancelled".into(), &0.into()));
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_queued_job_ends_at_once() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let job = processor.accepted(account).await;
    for _ in 0..2 {
        assert_eq!(cancel(&processor, account, job).await.state(), JobState::Cancelled);
    }
    ended_once_for_nothing(&processor, job).await;
    assert!(processor.dispatch().await.is_empty());
}

#[tokio::test]
async fn a_dispatched_job_ends_at_once_and_its_hint_finds_nothing() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let job = processor.accepted(account).await;
    let hints = processor.dispatch().await;
    assert_eq!(cancel(&processor, account, job).await.state(), JobState::Cancelled);
    assert!(processor.claim(&hints, LONG).await.is_empty());
    ended_once_for_nothing(&processor, job).await;
}

#[tokio::test]
async fn a_job_between_two_tries_ends_at_once() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, Duration::ZERO).await;
    processor.sweep().await;
    assert_eq!(processor.state(claim.job).await, "waiting");
    assert_eq!(cancel(&processor, account, claim.job).await.state(), JobState::Cancelled);
    ended_once_for_nothing(&processor, claim.job).await;
}

#[tokio::test]
async fn a_running_job_stops_in_the_middle() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, LONG).await;
    // Its worker waits for the input, which is locked away.
    let locked = processor.database.superuser().await;
    locked.batch_execute("BEGIN; LOCK TABLE igny8_job_inputs").await.unwrap();
    let (app, job) = (Arc::clone(&processor.app), claim.job);
    let work = tokio::spawn(async move { work_on(&app, &claim).await });
    while processor.app.held.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(cancel(&processor, account, job).await.state(), JobState::Running);
    tokio::time::timeout(Duration::from_secs(3), work).await.unwrap().unwrap();
    assert_eq!(processor.state(job).await, "cancelled");
    ended_once_for_nothing(&processor, job).await;
}

#[tokio::test]
async fn a_job_of_another_process_is_asked_to_stop() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, Duration::ZERO).await;
    let status = cancel(&processor, account, claim.job).await;
    assert_eq!(status.state(), JobState::Running);
    assert_eq!(status.progress.unwrap().message, "Stopping.");
    // Its worker is dead: the sweeper takes the job back, and then it is not wanted any more.
    processor.sweep().await;
    processor.sweep().await;
    ended_once_for_nothing(&processor, claim.job).await;
}

#[tokio::test]
async fn a_job_that_ended_stays_as_it_is() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, LONG).await;
    assert!(processor.complete(&claim, b"result").await);
    assert_eq!(cancel(&processor, account, claim.job).await.state(), JobState::Succeeded);
    assert_eq!(processor.ends(claim.job).await.len(), 1);
}

#[tokio::test]
async fn people_cancel_jobs_of_their_sites() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let site = Uuid::now_v7();
    let job = pb::SubmitJobRequest { site_id: Some(site.to_string()), ..crate::harness::request() };
    processor.submit(account, job.clone()).await.unwrap();
    let mut jobs = processor.jobs_of("gateway");
    let request = pb::CancelJobRequest { id: job.job_id };
    let elsewhere = Actor::new(account, Role::Editor).sites([Uuid::now_v7()]);
    let refused = jobs.cancel_job(elsewhere.request(request.clone())).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::NotFound);
    let editor = Actor::new(account, Role::Editor).sites([site]);
    let cancelled = jobs.cancel_job(editor.request(request)).await.unwrap().into_inner();
    assert_eq!((cancelled.state(), cancelled.charge), (JobState::Cancelled, Some(0)));
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_process_that_ends_hands_its_jobs_back() {
    let processor = Processor::still().await;
    let claim = processor.claimed(Uuid::now_v7(), LONG).await;
    let locked = processor.database.superuser().await;
    locked.batch_execute("BEGIN; LOCK TABLE igny8_job_inputs").await.unwrap();
    let (app, job) = (Arc::clone(&processor.app), claim.job);
    let work = tokio::spawn(async move { work_on(&app, &claim).await });
    while processor.app.held.is_empty() {
        tokio::task::yield_now().await;
    }
    processor.app.held.stop_all(Stop::HandBack);
    work.await.unwrap();
    assert_eq!(processor.state(job).await, "queued");
    assert_eq!(processor.count("SELECT FROM igny8_jobs WHERE attempt = 0").await, 1);
    processor.lanes_are_right().await;
    assert_eq!(processor.dispatch().await.len(), 1);
}
