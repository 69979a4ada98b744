//! Leases: a silent worker loses its job, and what it says later does not count.

use std::time::Duration;

use ai_processor::jobs::{Move, shift};
use contracts::ai_processor::v1 as pb;
use uuid::Uuid;

use crate::harness::{LONG, Processor, in_seconds, request};

#[tokio::test]
async fn a_job_of_a_silent_worker_goes_to_another() {
    let processor = Processor::still().await;
    let zombie = processor.claimed(Uuid::now_v7(), Duration::ZERO).await;
    assert_eq!(processor.sweep().await, 1);
    assert_eq!(processor.state(zombie.job).await, "waiting");
    processor.lanes_are_right().await;
    assert_eq!(processor.sweep().await, 1);
    let claim = processor.claim(&processor.dispatch().await, LONG).await.pop().unwrap();
    assert_eq!((claim.job, claim.epoch, claim.attempt), (zombie.job, 2, 2));

    assert!(!processor.complete(&zombie, b"old").await, "the zombie was heard");
    assert!(processor.complete(&claim, b"new").await);
    assert!(!processor.complete(&zombie, b"old").await, "the zombie was heard");
    let results = processor.texts("SELECT convert_from(body, 'UTF8') FROM igny8_job_results").await;
    assert_eq!(results, ["new"]);
    assert_eq!(processor.ends(claim.job).await.len(), 1);
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_live_worker_keeps_its_job() {
    let processor = Processor::still().await;
    let claim = processor.claimed(Uuid::now_v7(), LONG).await;
    assert_eq!(processor.sweep().await, 0);
    assert_eq!(processor.state(claim.job).await, "running");
}

#[tokio::test]
async fn a_job_that_silences_three_workers_is_given_up() {
    let processor = Processor::still().await;
    let job = processor.claimed(Uuid::now_v7(), Duration::ZERO).await.job;
    for _ in 0..2 {
        processor.sweep().await;
        processor.sweep().await;
        assert_eq!(processor.claim(&processor.dispatch().await, Duration::ZERO).await.len(), 1);
    }
    processor.sweep().await;
    let end = processor.ends(job).await.pop().unwrap();
    assert_eq!(
        (&end["state"], &end["error_code"], &end["charge"]),
        (&"failed".into(), &"JOB_CRASHED".into(), &0.into())
    );
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_hint_that_was_lost_is_sent_again_and_the_old_one_finds_nothing() {
    let processor = Processor::still().await;
    processor.accepted(Uuid::now_v7()).await;
    let old = processor.dispatch().await;
    assert!(processor.dispatch().await.is_empty());
    processor.execute("UPDATE igny8_jobs SET next_at = now() - interval '1 second'").await;
    assert_eq!(processor.sweep().await, 1);
    processor.lanes_are_right().await;
    let new = processor.dispatch().await;
    assert_eq!((old[0].seq, new[0].seq), (1, 2));
    assert!(processor.claim(&old, LONG).await.is_empty());
    assert_eq!(processor.claim(&new, LONG).await.len(), 1);
    assert!(processor.claim(&new, LONG).await.is_empty());
}

#[tokio::test]
async fn what_is_past_its_deadline_expires_unpaid() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let late = pb::SubmitJobRequest { deadline_at: Some(in_seconds(-1)), ..request() };
    processor.submit(account, late.clone()).await.unwrap();
    assert_eq!(processor.sweep().await, 1);
    let end = processor.ends(late.job_id.parse().unwrap()).await.pop().unwrap();
    assert_eq!((&end["state"], &end["charge"]), (&"expired".into(), &0.into()));
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_dispatched_job_past_its_deadline_is_not_begun() {
    let processor = Processor::still().await;
    let job = processor.accepted(Uuid::now_v7()).await;
    let hints = processor.dispatch().await;
    processor.execute("UPDATE igny8_jobs SET deadline_at = now() - interval '1 second'").await;
    assert!(processor.claim(&hints, LONG).await.is_empty());
    processor.sweep().await;
    assert_eq!(processor.state(job).await, "expired");
    processor.lanes_are_right().await;
}

#[tokio::test]
async fn a_job_waits_as_long_as_its_provider_asked_for() {
    let processor = Processor::still().await;
    let claim = processor.claimed(Uuid::now_v7(), LONG).await;
    let later = Move::to_wait(claim.epoch, LONG);
    let moved = processor.app.db.account(claim.account, async |conn| shift(conn, claim.job, &later).await).await;
    assert!(moved.unwrap());
    assert_eq!(processor.sweep().await, 0);
    processor.execute("UPDATE igny8_jobs SET next_at = now()").await;
    assert_eq!(processor.sweep().await, 1);
    assert_eq!(processor.dispatch().await.len(), 1);
}

#[tokio::test]
async fn the_last_state_is_final_even_for_a_careless_statement() {
    let processor = Processor::still().await;
    let claim = processor.claimed(Uuid::now_v7(), LONG).await;
    assert!(processor.complete(&claim, b"").await);
    let careless = "UPDATE igny8_jobs SET state = 'queued', finished_at = NULL, charge = NULL";
    let refused = processor.database.superuser().await.execute(careless, &[]).await.unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("final"));
}
