//! Automation: runs, what they may spend, what they leave to people, and when they start by themselves.

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::automation_service_client::AutomationServiceClient;
use contracts::planner::v1::{
    AutomationEvery, AutomationItemState, AutomationRunState, AutomationStage, ContentIdeaStatus,
};
use contracts::progress::v1::progress_service_client::ProgressServiceClient;
use contracts::progress::v1::{GetProgressRequest, TaskState};
use contracts::rest::v1::Role;
use contracts::writer::v1::{ContentChanged, TaskCreated};
use planner::automation;
use rpc::Kind;
use rpc::client::Channel;
use testkit::TestDb;
use uuid::Uuid;

use crate::harness::{Place, Planner, nowhere, refusal, wrong_fields};

fn client(planner: &Planner) -> AutomationServiceClient<Channel> {
    AutomationServiceClient::new(planner.channel())
}

fn request(place: &Place) -> pb::StartAutomationRunRequest {
    pb::StartAutomationRunRequest { site_id: place.site.to_string(), credit_limit: 100, ..Default::default() }
}

async fn start(planner: &Planner, place: &Place) -> pb::AutomationRun {
    client(planner).start_run(place.owner.request(request(place))).await.unwrap().into_inner()
}

async fn get(planner: &Planner, place: &Place, id: &str) -> pb::AutomationRun {
    let request = place.owner.request(pb::AutomationRunId { id: id.to_owned() });
    client(planner).get_run(request).await.unwrap().into_inner()
}

async fn items(planner: &Planner, place: &Place, run: &str) -> Vec<pb::AutomationItem> {
    let request = pb::ListAutomationItemsRequest { run_id: run.to_owned(), ..Default::default() };
    client(planner).list_run_items(place.owner.request(request)).await.unwrap().into_inner().results
}

/// Works until nothing is due.
async fn drive(planner: &Planner) {
    while automation::drive(&planner.app).await.unwrap() > 0 {}
}

/// A run with one article, whose idea was derived a moment ago.
async fn with_idea(planner: &Planner, place: &Place, idea: &pb::ContentIdea) -> pb::AutomationRun {
    let cluster = planner.cluster(place, "Rye").await;
    let run = start(planner, place).await;
    planner
        .execute(&format!(
            "INSERT INTO igny8_automation_items
                 (account_id, id, run_id, site_id, sector_id, stage, title, cluster_id, content_idea_id)
             VALUES ('{}', '{}', '{}', '{}', '{}', 'task', 'Rye', '{cluster}', '{}')",
            place.owner.account(),
            Uuid::now_v7(),
            run.id,
            place.site,
            place.sector,
            idea.id
        ))
        .await;
    drive(planner).await;
    run
}

#[tokio::test]
async fn a_site_has_one_run_at_a_time_which_people_pause_resume_and_cancel() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let run = start(&planner, &place).await;
    assert_eq!((run.state(), run.item_limit, run.publish), (AutomationRunState::Running, 10, true));
    let refused = refusal(client(&planner).start_run(place.owner.request(request(&place))).await);
    assert_eq!((refused.kind(), refused.reason()), (Kind::Aborted, "AUTOMATION_RUNS"));
    let viewer = place.member(Role::Viewer);
    let refused = refusal(client(&planner).start_run(viewer.request(request(&place))).await);
    assert_eq!(refused.kind(), Kind::PermissionDenied);

    let id = || pb::AutomationRunId { id: run.id.clone() };
    let paused = client(&planner).pause_run(place.owner.request(id())).await.unwrap().into_inner();
    assert_eq!((paused.state(), paused.reason.as_deref()), (AutomationRunState::Paused, Some("PAUSED")));
    drive(&planner).await;
    assert_eq!(items(&planner, &place, &run.id).await[0].state(), AutomationItemState::Pending);
    let resume = || pb::ResumeAutomationRunRequest { id: run.id.clone(), credit_limit: Some(500) };
    let resumed = client(&planner).resume_run(place.owner.request(resume())).await.unwrap().into_inner();
    assert_eq!((resumed.state(), resumed.reason, resumed.credit_limit), (AutomationRunState::Running, None, 500));

    for _ in 0..2 {
        let cancelled = client(&planner).cancel_run(place.owner.request(id())).await.unwrap().into_inner();
        assert_eq!(cancelled.state(), AutomationRunState::Cancelled);
    }
    assert_eq!(items(&planner, &place, &run.id).await[0].state(), AutomationItemState::Cancelled);
    assert_eq!(refusal(client(&planner).resume_run(place.owner.request(resume())).await).reason(), "RUN_OVER");
    start(&planner, &place).await;
}

#[tokio::test]
async fn a_site_without_work_is_done_at_once_and_an_inactive_one_is_left_alone() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let run = start(&planner, &place).await;
    drive(&planner).await;
    let run = get(&planner, &place, &run.id).await;
    assert_eq!((run.state(), run.credits), (AutomationRunState::Done, 0));
    assert!(run.finished_at.is_some());
    planner.deactivate(&place).await;
    let refused = refusal(client(&planner).start_run(place.owner.request(request(&place))).await);
    assert_eq!(refused.reason(), "SITE_INACTIVE");
}

#[tokio::test]
async fn an_article_moves_by_what_the_writer_tells_and_waits_for_a_person_at_the_end() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let idea = planner.idea(&place, "How to Bake Rye Bread", "rye bread").await;
    let run = with_idea(&planner, &place, &idea).await;
    let queued = "SELECT body->>'idea_id' FROM (SELECT body::text::jsonb AS body FROM igny8_outbox) o";
    assert_eq!(planner.texts(queued).await, std::slice::from_ref(&idea.id));

    let (task, content) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let event = TaskCreated { task_id: task.clone(), content_idea_id: Some(idea.id.clone()), ..TaskCreated::default() };
    planner.in_account(&place, async |conn| automation::task_created(conn, &event).await).await;
    let request = place.owner.request(pb::GetContentIdeaRequest { id: idea.id.clone() });
    let written = planner.ideas().get_content_idea(request).await.unwrap().into_inner();
    assert_eq!(written.status(), ContentIdeaStatus::Written);
    let told = async |images_ready| {
        let (content_id, task_id) = (content.clone(), Some(task.clone()));
        let event = ContentChanged { content_id, task_id, images_ready, ..ContentChanged::default() };
        planner.in_account(&place, async |conn| automation::content_changed(conn, &event).await).await;
        items(&planner, &place, &run.id).await.pop().unwrap()
    };
    let article = told(false).await;
    assert_eq!((article.stage(), article.state()), (AutomationStage::Images, AutomationItemState::Pending));
    assert_eq!((article.task_id, article.content_id), (Some(task.clone()), Some(content.clone())));

    let request = || place.owner.request(GetProgressRequest { task_id: run.id.clone() });
    let mut progress = ProgressServiceClient::new(planner.channel());
    let before = progress.get_progress(request()).await.unwrap().into_inner();
    assert_eq!((before.state(), before.figures["content"].as_str()), (TaskState::Running, "1"));
    told(true).await;
    drive(&planner).await;
    let article = items(&planner, &place, &run.id).await.pop().unwrap();
    assert_eq!((article.stage(), article.state()), (AutomationStage::Images, AutomationItemState::Done));
    let run = get(&planner, &place, &run.id).await;
    assert_eq!(run.state(), AutomationRunState::Done);
    let done: Vec<_> = run.stages.iter().map(|stage| (stage.stage(), stage.done)).collect();
    assert_eq!(done.last(), Some(&(AutomationStage::Images, 1)));
    let after = progress.get_progress(request()).await.unwrap().into_inner();
    assert_eq!((after.state(), after.percent), (TaskState::Succeeded, 100));
    assert!(before.percent < after.percent);
}

#[tokio::test]
async fn an_idea_that_competes_with_a_page_is_left_to_a_person() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let page = ContentChanged {
        content_id: Uuid::now_v7().to_string(),
        site_id: place.site.to_string(),
        title: "Rye Bread at Home".to_owned(),
        primary_keyword: "rye bread".to_owned(),
        status: "published".to_owned(),
        ..ContentChanged::default()
    };
    planner.in_account(&place, async |conn| planner::site_pages::content_changed(conn, &page).await).await;
    let idea = planner.idea(&place, "How to Bake Rye Bread", "rye bread").await;
    let run = with_idea(&planner, &place, &idea).await;
    let article = items(&planner, &place, &run.id).await.pop().unwrap();
    assert_eq!((article.state(), article.reason.as_deref()), (AutomationItemState::Skipped, Some("COLLISION")));
    assert!(article.message.contains("Rye Bread at Home"), "{}", article.message);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_outbox").await, 0);
    assert_eq!(get(&planner, &place, &run.id).await.state(), AutomationRunState::Done);
}

#[tokio::test]
async fn a_run_pauses_before_it_would_spend_more_than_its_budget() {
    let database = TestDb::new("billing", billing::MIGRATIONS).await;
    let app = Arc::new(billing::App::new(&database.config()).unwrap());
    let billing = testkit::serve("billing", billing::routes(&app)).await;
    let planner = Planner::start_with(&nowhere("auth"), &billing.target()).await;
    let place = planner.place().await;
    let keyword = planner.create(&place, "rye bread").await;
    let cluster = planner.cluster(&place, "Bread").await;
    planner.put(&keyword, cluster).await;
    let run = start(&planner, &place).await;
    planner.execute("UPDATE igny8_automation_runs SET credit_limit = 0").await;
    drive(&planner).await;
    let paused = get(&planner, &place, &run.id).await;
    assert_eq!((paused.state(), paused.reason.as_deref()), (AutomationRunState::Paused, Some("OVER_BUDGET")));
    assert!(paused.message.contains("takes 1 credits, and 0 are left"), "{}", paused.message);
    assert_eq!(database.superuser().await.query("SELECT FROM igny8_reservations", &[]).await.unwrap().len(), 0);

    let resume = pb::ResumeAutomationRunRequest { id: run.id.clone(), credit_limit: Some(50) };
    client(&planner).resume_run(place.owner.request(resume)).await.unwrap();
    drive(&planner).await;
    // Another attempt under another id, which gets as far as ai-processor, where nobody is.
    let article = items(&planner, &place, &run.id).await.pop().unwrap();
    assert_eq!((article.stage(), article.state()), (AutomationStage::Idea, AutomationItemState::Pending));
    let steps = planner.texts("SELECT coalesce(error_code, step) FROM igny8_job_requests ORDER BY created_at").await;
    assert_eq!(steps, ["OVER_BUDGET", "UNAVAILABLE"]);
}

fn weekly(place: &Place) -> pb::SetAutomationScheduleRequest {
    pb::SetAutomationScheduleRequest {
        site_id: place.site.to_string(),
        every: AutomationEvery::Week.into(),
        weekday: Some(3),
        hour: 9,
        minute: 30,
        credit_limit: 40,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_schedule_keeps_to_the_clock_of_its_site_and_starts_runs_one_after_another() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    planner.execute("UPDATE igny8_site_copies SET time_zone = 'America/New_York'").await;
    let set = async |request| client(&planner).set_schedule(place.owner.request(request)).await;
    let wrong = refusal(set(pb::SetAutomationScheduleRequest { weekday: None, ..weekly(&place) }).await);
    assert_eq!(wrong_fields(&wrong), ["weekday"]);
    set(weekly(&place)).await.unwrap();
    let local = "SELECT to_char(next_at AT TIME ZONE 'America/New_York', 'ID HH24:MI') FROM igny8_automation_schedules";
    assert_eq!(planner.texts(local).await, ["3 09:30"]);

    let due = async || {
        planner.execute("UPDATE igny8_automation_schedules SET next_at = now()").await;
        automation::fire(&planner.app).await.unwrap();
        assert_eq!(planner.texts(local).await, ["3 09:30"]);
    };
    due().await;
    let list = place.owner.request(pb::ListAutomationRunsRequest::default());
    let runs = client(&planner).list_runs(list).await.unwrap().into_inner().results;
    assert_eq!((runs.len(), runs[0].scheduled, runs[0].credit_limit), (1, true, 40));
    due().await;
    assert_eq!(planner.number("SELECT count(*) FROM igny8_automation_runs").await, 1);
    planner.execute("UPDATE igny8_automation_runs SET state = 'paused', reason = 'OVER_BUDGET'").await;
    due().await;
    let run = get(&planner, &place, &runs[0].id).await;
    assert_eq!((run.state(), run.credit_limit), (AutomationRunState::Running, 80));

    let list = place.owner.request(pb::ListAutomationSchedulesRequest::default());
    let schedules = client(&planner).list_schedules(list).await.unwrap().into_inner().results;
    assert_eq!(schedules[0].last_run_id.as_ref(), Some(&run.id));
    let delete = || place.owner.request(pb::DeleteAutomationScheduleRequest { site_id: place.site.to_string() });
    client(&planner).delete_schedule(delete()).await.unwrap();
    assert_eq!(refusal(client(&planner).delete_schedule(delete()).await).kind(), Kind::NotFound);
}
