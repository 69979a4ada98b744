//! Accepting a job: once, however often it is sent.

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::{JobState, SubmitOutcome};
use testkit::internal;
use uuid::Uuid;

use crate::harness::{Processor, request};

#[tokio::test]
async fn a_repetition_finds_the_job_that_is_there() {
    let processor = Processor::still().await;
    let (account, job) = (Uuid::now_v7(), request());
    let first = processor.submit(account, job.clone()).await.unwrap();
    assert_eq!((first.outcome(), first.state()), (SubmitOutcome::Accepted, JobState::Queued));
    let again = processor.submit(account, job).await.unwrap();
    assert_eq!((again.outcome(), again.state()), (SubmitOutcome::Exists, JobState::Queued));
    processor.lanes_are_right().await;
    assert_eq!(processor.count("SELECT FROM igny8_jobs").await, 1);
}

#[tokio::test]
async fn many_at_once_make_one_job() {
    let processor = Processor::still().await;
    let (account, job) = (Uuid::now_v7(), request());
    let sent = (0..8).map(|_| processor.submit(account, job.clone()));
    let outcomes = futures_util::future::join_all(sent).await;
    let accepted = outcomes.iter().filter(|answer| answer.as_ref().unwrap().outcome() == SubmitOutcome::Accepted);
    assert_eq!(accepted.count(), 1);
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn another_content_under_the_same_id_is_refused() {
    let processor = Processor::still().await;
    let (account, job) = (Uuid::now_v7(), request());
    processor.submit(account, job.clone()).await.unwrap();
    for other in [
        pb::SubmitJobRequest { input: b"other words".to_vec(), ..job.clone() },
        pb::SubmitJobRequest { max_charge: 11, ..job.clone() },
        pb::SubmitJobRequest { site_id: Some(Uuid::now_v7().to_string()), ..job.clone() },
    ] {
        assert_eq!(processor.submit(account, other).await.unwrap_err().reason(), "JOB_MISMATCH");
    }
    let of_writer = processor.jobs_of("writer").submit_job(internal(account, job)).await;
    assert_eq!(crate::harness::refusal(of_writer).reason(), "JOB_MISMATCH");
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn the_same_id_in_another_account_is_another_job() {
    let processor = Processor::still().await;
    let job = request();
    for account in [Uuid::now_v7(), Uuid::now_v7()] {
        assert_eq!(processor.submit(account, job.clone()).await.unwrap().outcome(), SubmitOutcome::Accepted);
    }
}

#[tokio::test]
async fn a_job_that_was_cancelled_before_it_came_is_never_accepted() {
    let processor = Processor::still().await;
    let (account, job) = (Uuid::now_v7(), request());
    let absent = pb::CancelIfAbsentRequest { job_id: job.job_id.clone() };
    let buried = processor.jobs_of("billing").cancel_if_absent(internal(account, absent.clone())).await.unwrap();
    let buried = buried.into_inner();
    assert_eq!((buried.state(), buried.charge), (JobState::Cancelled, Some(0)));
    assert_eq!(processor.submit(account, job.clone()).await.unwrap().outcome(), SubmitOutcome::Tombstoned);
    assert_eq!(processor.count("SELECT FROM igny8_outbox").await, 0);

    let own = pb::CancelOwnJobRequest { job_id: Uuid::now_v7().to_string() };
    let cancelled = processor.jobs().cancel_own_job(internal(account, own)).await.unwrap().into_inner();
    assert_eq!(cancelled.state(), JobState::Cancelled);
}

#[tokio::test]
async fn asking_about_a_job_that_is_there_leaves_it_alone() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let id = processor.accepted(account).await;
    let absent = pb::CancelIfAbsentRequest { job_id: id.to_string() };
    let answer = processor.jobs_of("billing").cancel_if_absent(internal(account, absent)).await.unwrap();
    assert_eq!(answer.into_inner().state(), JobState::Queued);
    assert_eq!(processor.state(id).await, "queued");
}

#[tokio::test]
async fn a_hash_that_is_not_that_of_the_input_is_refused() {
    let processor = Processor::still().await;
    let job = pb::SubmitJobRequest { input_sha256: vec![0; 32], ..request() };
    let refused = processor.submit(Uuid::now_v7(), job).await.unwrap_err();
    assert_eq!(refused.violations()[0].field, "input_sha256");
}

#[tokio::test]
async fn states_are_told_to_the_requester_and_to_billing_only() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let id = processor.accepted(account).await;
    let states = pb::GetJobStatesRequest { job_ids: vec![id.to_string(), Uuid::now_v7().to_string()] };
    for (caller, known) in [("planner", 1), ("billing", 1), ("writer", 0)] {
        let answer = processor.jobs_of(caller).get_job_states(internal(account, states.clone())).await.unwrap();
        assert_eq!(answer.into_inner().jobs.len(), known, "{caller}");
    }
    let elsewhere = processor.jobs().get_job_states(internal(Uuid::now_v7(), states)).await.unwrap();
    assert_eq!(elsewhere.into_inner().jobs.len(), 0);
}
