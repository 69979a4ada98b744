//! What people see of their jobs.

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::{JobAction, JobState};
use contracts::progress::v1::Phase;
use contracts::rest::v1::Role;
use testkit::Actor;
use tonic::Code;
use uuid::Uuid;

use crate::harness::{LONG, Processor, request};

#[tokio::test]
async fn a_job_shows_its_receipt() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let claim = processor.claimed(account, LONG).await;
    ai_processor::worker::work_on(&processor.app, &claim).await;
    let viewer = Actor::new(account, Role::Viewer);
    let get = pb::GetJobRequest { id: claim.job.to_string() };
    let job = processor.jobs_of("gateway").get_job(viewer.request(get)).await.unwrap().into_inner();
    assert_eq!((job.state(), job.phase(), job.percent), (JobState::Succeeded, Phase::Done, 100));
    assert_eq!((job.provider.as_deref(), job.reserved, job.charge), (Some("instant"), 10, Some(10)));
    assert_eq!((job.requester.as_str(), job.attempt), ("planner", 1));
    assert!(job.started_at.is_some() && job.finished_at.is_some());
}

#[tokio::test]
async fn a_list_is_filtered_and_holds_no_tombstones_and_no_jobs_of_others() {
    let processor = Processor::still().await;
    let (account, site) = (Uuid::now_v7(), Uuid::now_v7());
    let first = processor.accepted(account).await;
    let ideas = pb::SubmitJobRequest { action: JobAction::Ideas.into(), site_id: Some(site.to_string()), ..request() };
    processor.submit(account, ideas.clone()).await.unwrap();
    processor.accepted(Uuid::now_v7()).await;
    let absent = pb::CancelIfAbsentRequest { job_id: Uuid::now_v7().to_string() };
    processor.jobs_of("billing").cancel_if_absent(testkit::internal(account, absent.clone())).await.unwrap();

    let mut jobs = processor.jobs_of("gateway");
    let viewer = Actor::new(account, Role::Viewer);
    let mut ids = async |viewer: &Actor, filter: pb::JobFilter, ordering: &str| {
        let filter = Some(filter);
        let list = pb::ListJobsRequest { filter, ordering: ordering.to_owned(), ..pb::ListJobsRequest::default() };
        let page = jobs.list_jobs(viewer.request(list)).await.unwrap().into_inner();
        assert_eq!(page.count, i64::try_from(page.results.len()).unwrap());
        page.results.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    let all = pb::JobFilter::default();
    assert_eq!(ids(&viewer, all.clone(), "").await, [ideas.job_id.clone(), first.to_string()]);
    assert_eq!(ids(&viewer, all.clone(), "created_at").await, [first.to_string(), ideas.job_id.clone()]);
    let of_ideas = pb::JobFilter { action: Some(JobAction::Ideas.into()), ..all.clone() };
    assert_eq!(ids(&viewer, of_ideas, "").await, std::slice::from_ref(&ideas.job_id));
    let of_site = pb::JobFilter { site_id: Some(site.to_string()), ..all.clone() };
    assert_eq!(ids(&viewer, of_site, "").await, std::slice::from_ref(&ideas.job_id));
    let failed = pb::JobFilter { state: Some(JobState::Failed.into()), ..all.clone() };
    assert!(ids(&viewer, failed, "").await.is_empty());
    let of_another_site = viewer.clone().sites([Uuid::now_v7()]);
    assert!(ids(&of_another_site, all, "").await.is_empty());

    let tombstone = pb::GetJobRequest { id: absent.job_id };
    let refused = jobs.get_job(viewer.request(tombstone)).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    let elsewhere = Actor::new(Uuid::now_v7(), Role::Owner);
    let refused = jobs.get_job(elsewhere.request(pb::GetJobRequest { id: first.to_string() })).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
}
