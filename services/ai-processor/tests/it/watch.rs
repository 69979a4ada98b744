//! Watching a job to its end.

use ai_processor::jobs::{End, end};
use contracts::ai_processor::v1::{self as pb, JobState};
use contracts::progress::v1::{GetProgressRequest, Phase, TaskState};
use contracts::rest::v1::Role;
use testkit::{Actor, internal};
use tonic::Code;
use uuid::Uuid;

use crate::harness::{LONG, Processor};

#[tokio::test]
async fn a_watcher_sees_each_phase_and_the_end() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, LONG).await;
    let watch = pb::WatchJobRequest { job_id: claim.job.to_string() };
    let mut progress = processor.jobs().watch_job(internal(account, watch)).await.unwrap().into_inner();
    let first = progress.message().await.unwrap().unwrap();
    assert_eq!((first.state(), first.phase(), first.percent), (TaskState::Running, Phase::Init, 0));
    assert_eq!(first.action, "auto_cluster");

    processor.execute("UPDATE igny8_job_leases SET phase = 'prep', percent = 20, message = '5 of 25 keywords'").await;
    let second = progress.message().await.unwrap().unwrap();
    assert_eq!((second.phase(), second.percent, second.message.as_str()), (Phase::Prep, 20, "5 of 25 keywords"));

    assert!(processor.complete(&claim, b"").await);
    let last = progress.message().await.unwrap().unwrap();
    assert_eq!((last.state(), last.phase(), last.percent), (TaskState::Succeeded, Phase::Done, 100));
    assert_eq!(last.credits, Some(1));
    assert!(progress.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_job_that_is_over_is_told_once() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let job = processor.accepted(account).await;
    let refused = End::unpaid(JobState::Failed, "PROVIDER_REFUSED", "The provider refused this.");
    let read = pb::GetJobStatesRequest { job_ids: vec![job.to_string()] };
    let claim = processor.claim(&processor.dispatch().await, LONG).await.pop().unwrap();
    let refused = End { epoch: Some(claim.epoch), ..refused };
    let ended = processor.app.db.account(claim.account, async |conn| end(conn, job, &refused).await).await;
    assert!(ended.unwrap());

    let status = processor.jobs().get_job_states(internal(account, read)).await.unwrap().into_inner().jobs.remove(0);
    assert_eq!((status.state(), status.error_code.as_deref()), (JobState::Failed, Some("PROVIDER_REFUSED")));
    let viewer = Actor::new(account, Role::Viewer);
    let task = GetProgressRequest { task_id: job.to_string() };
    let mut events = processor.progress().watch_progress(viewer.request(task)).await.unwrap().into_inner();
    let event = events.message().await.unwrap().unwrap();
    assert_eq!(event.event, "error");
    assert_eq!(event.data.unwrap().reason.as_deref(), Some("PROVIDER_REFUSED"));
    assert!(events.message().await.unwrap().is_none());
}

#[tokio::test]
async fn progress_is_for_those_who_may_see_the_site() {
    let processor = Processor::still().await;
    let (account, site) = (Uuid::now_v7(), Uuid::now_v7());
    let job = pb::SubmitJobRequest { site_id: Some(site.to_string()), ..crate::harness::request() };
    processor.submit(account, job.clone()).await.unwrap();
    let task = GetProgressRequest { task_id: job.job_id };
    let mut progress = processor.progress();
    let viewer = Actor::new(account, Role::Viewer).sites([site]);
    let seen = progress.get_progress(viewer.request(task.clone())).await.unwrap().into_inner();
    assert_eq!((seen.state(), seen.message.as_str()), (TaskState::Pending, "Waiting for its turn."));
    for stranger in [Actor::new(account, Role::Owner).sites([Uuid::now_v7()]), Actor::new(Uuid::now_v7(), Role::Owner)]
    {
        let refused = progress.get_progress(stranger.request(task.clone())).await;
        assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    }
}

#[tokio::test]
async fn watches_end_when_the_process_does() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let job = processor.accepted(account).await;
    let watch = pb::WatchJobRequest { job_id: job.to_string() };
    let mut progress = processor.jobs().watch_job(internal(account, watch)).await.unwrap().into_inner();
    progress.message().await.unwrap().unwrap();
    processor.app.stop.cancel();
    assert_eq!(progress.message().await.unwrap_err().code(), Code::Unavailable);
}
