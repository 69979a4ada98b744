//! Inputs in parts and results in pieces.

use contracts::ai_processor::v1 as pb;
use sha2::{Digest, Sha256};
use testkit::internal;
use tonic::Code;
use uuid::Uuid;

use crate::harness::{LONG, Processor, refusal, request};

const PART: usize = 2 * 1024 * 1024;

fn part(job: &str, part: i32, body: Vec<u8>) -> pb::PutJobInputRequest {
    pb::PutJobInputRequest { job_id: job.to_owned(), part, body }
}

#[tokio::test]
async fn a_large_input_comes_in_parts_and_is_worked_on_whole() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let input: Vec<u8> = (0..=u8::MAX).cycle().take(PART + 1000).collect();
    let job = pb::SubmitJobRequest {
        input: Vec::new(),
        input_sha256: Sha256::digest(&input).to_vec(),
        input_parts: 2,
        ..request()
    };
    for (at, body) in (0..).zip(input.chunks(PART)) {
        for _ in 0..2 {
            let put = part(&job.job_id, at, body.to_vec());
            processor.jobs().put_job_input(internal(account, put)).await.unwrap();
        }
    }
    processor.submit(account, job.clone()).await.unwrap();
    let claim = processor.claim(&processor.dispatch().await, LONG).await.pop().unwrap();
    ai_processor::worker::work_on(&processor.app, &claim).await;
    assert_eq!(processor.state(claim.job).await, "succeeded");
}

#[tokio::test]
async fn a_missing_part_is_told_before_the_job_is_accepted() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let job = pb::SubmitJobRequest { input: Vec::new(), input_sha256: vec![1; 32], input_parts: 2, ..request() };
    processor.jobs().put_job_input(internal(account, part(&job.job_id, 0, vec![1]))).await.unwrap();
    assert_eq!(processor.submit(account, job).await.unwrap_err().reason(), "JOB_INPUT_INCOMPLETE");
    assert_eq!(processor.count("SELECT FROM igny8_jobs").await, 0);
}

#[tokio::test]
async fn an_input_that_is_not_what_was_frozen_ends_the_job_unpaid() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let job = pb::SubmitJobRequest { input: Vec::new(), input_sha256: vec![1; 32], input_parts: 1, ..request() };
    processor.jobs().put_job_input(internal(account, part(&job.job_id, 0, vec![1]))).await.unwrap();
    processor.submit(account, job.clone()).await.unwrap();
    let claim = processor.claim(&processor.dispatch().await, LONG).await.pop().unwrap();
    ai_processor::worker::work_on(&processor.app, &claim).await;
    let end = processor.ends(claim.job).await.pop().unwrap();
    assert_eq!(
        (&end["state"], &end["charge"], &end["error_code"]),
        (&"failed".into(), &0.into(), &"JOB_INPUT_BROKEN".into())
    );
}

#[tokio::test]
async fn a_result_is_read_in_pieces_by_its_requester() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, LONG).await;
    let read = pb::ReadJobResultRequest { job_id: claim.job.to_string() };
    let early = processor.jobs().read_job_result(internal(account, read.clone())).await.map(drop);
    assert_eq!(refusal(early).reason(), "JOB_WITHOUT_RESULT");

    let result: Vec<u8> = (0..=u8::MAX).cycle().take(3_000_000).collect();
    assert!(processor.complete(&claim, &result).await);
    let mut pieces = processor.jobs().read_job_result(internal(account, read.clone())).await.unwrap().into_inner();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        assert!(piece.body.len() <= 64 * 1024);
        whole.extend(piece.body);
    }
    assert!(whole == result);
    let other = processor.jobs_of("writer").read_job_result(internal(account, read)).await.map(drop);
    assert_eq!(other.unwrap_err().code(), Code::NotFound);
}
