//! Answers that do not come at once: events and files.

use std::time::Duration;

use contracts::planner::v1::RejectedRowsFile;
use futures_util::StreamExt;
use reqwest::Response;
use serde_json::{Value, json};
use tonic::Status;

use crate::backend::{NO_IMPORT, TASK, event};
use crate::harness::{Send, World};

const IN_TIME: Duration = Duration::from_secs(10);

fn watch() -> String {
    format!("/api/v1/system/settings/task_progress/{TASK}/events/")
}

fn download() -> String {
    format!("/api/v1/planner/imports/{TASK}/rejected_rows/file/")
}

/// The next part of a body; none at its end.
async fn next(response: &mut Response) -> Option<String> {
    let chunk = tokio::time::timeout(IN_TIME, response.chunk()).await.unwrap().unwrap()?;
    Some(String::from_utf8(chunk.to_vec()).unwrap())
}

/// The name and data of one event.
fn parsed(text: &str) -> (String, Value) {
    let text = text.strip_prefix("event: ").unwrap().strip_suffix("\n\n").unwrap();
    let (name, data) = text.split_once("\ndata: ").unwrap();
    (name.to_owned(), serde_json::from_str(data).unwrap())
}

#[tokio::test]
async fn events_come_as_they_happen_until_the_last() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let events = world.planner.events();
    events.send(Ok(event("progress", 10))).await.unwrap();
    let mut response = world.get(&watch()).bearer_auth(&ada.token).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (name, data) = parsed(&next(&mut response).await.unwrap());
    assert_eq!((name.as_str(), &data["percent"], &data["task_id"]), ("progress", &json!(10), &json!(TASK)));

    events.send(Ok(event("done", 100))).await.unwrap();
    assert_eq!(parsed(&next(&mut response).await.unwrap()).0, "done");
    drop(events);
    assert_eq!(next(&mut response).await, None);
}

#[tokio::test]
async fn a_silent_stream_says_that_it_still_stands() {
    let world = World::with(&["--keep-alive-seconds=1"]).await;
    let ada = world.sign_up("ada@example.com").await;
    let events = world.planner.events();
    events.send(Ok(event("progress", 10))).await.unwrap();
    let mut response = world.get(&watch()).bearer_auth(&ada.token).send().await.unwrap();
    next(&mut response).await.unwrap();
    assert_eq!(next(&mut response).await.unwrap(), ": still here\n\n");
}

#[tokio::test]
async fn what_fails_before_the_first_event_has_a_status() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let get = async |path: &str| world.get(path).bearer_auth(&ada.token).answer().await;
    get(&watch()).await.refused(404, "NOT_FOUND");
    get("/api/v1/system/settings/task_progress/nothing/events/").await.refused(404, "NOT_FOUND");
    get(&format!("/api/v1/planner/imports/{NO_IMPORT}/rejected_rows/file/")).await.refused(404, "NOT_FOUND");
    world.get(&watch()).answer().await.refused(401, "TOKEN_REQUIRED");
    world.post(&watch(), &json!({})).bearer_auth(&ada.token).answer().await.refused(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_the_error() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let events = world.planner.events();
    events.send(Ok(event("progress", 10))).await.unwrap();
    events.send(Err(Status::from(rpc::Error::precondition("GONE", "The task is gone.")))).await.unwrap();
    let answer = world.get(&watch()).bearer_auth(&ada.token).answer().await;
    let last = answer.text.split_inclusive("\n\n").last().unwrap();
    let (name, data) = parsed(last);
    assert_eq!(
        (name.as_str(), &data["reason"], &data["message"]),
        ("error", &json!("GONE"), &json!("The task is gone."))
    );
    assert_eq!(data["request_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_call_and_gives_its_place_back() {
    let world = World::with(&["--admission-stream=1"]).await;
    let ada = world.sign_up("ada@example.com").await;
    let events = world.planner.events();
    events.send(Ok(event("progress", 10))).await.unwrap();
    let response = world.get(&watch()).bearer_auth(&ada.token).send().await.unwrap();
    world.get(&watch()).bearer_auth(&ada.token).answer().await.refused(503, "OVERLOADED");

    drop(response);
    tokio::time::timeout(IN_TIME, events.closed()).await.unwrap();
    world.get(&watch()).bearer_auth(&ada.token).answer().await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn open_streams_end_when_the_gateway_stops() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let events = world.planner.events();
    events.send(Ok(event("progress", 10))).await.unwrap();
    let mut response = world.get(&watch()).bearer_auth(&ada.token).send().await.unwrap();
    next(&mut response).await.unwrap();
    world.shutdown.cancel();
    assert_eq!(next(&mut response).await, None);
    tokio::time::timeout(IN_TIME, world.serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_task_is_asked_of_each_service_that_may_know_it() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let path = |task: &str| format!("/api/v1/system/settings/task_progress/{task}/");
    let get = async |task| world.get(&path(task)).bearer_auth(&ada.token).answer().await;
    let answer = get(TASK).await;
    assert_eq!(answer.expect(200).json["data"]["percent"], 7);
    get(NO_IMPORT).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn one_of_two_services_that_is_down_is_missed_only_when_the_other_does_not_know() {
    let world = World::without_planner().await;
    let ada = world.sign_up("ada@example.com").await;
    let path = |task: &str| format!("/api/v1/system/settings/task_progress/{task}/");
    let get = async |task| world.get(&path(task)).bearer_auth(&ada.token).answer().await;
    let answer = get(TASK).await;
    assert_eq!(answer.expect(200).json["data"]["percent"], 7);
    get(NO_IMPORT).await.refused(503, "UNAVAILABLE");
}

#[tokio::test]
async fn a_file_comes_as_it_is_under_its_name() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let file = world.planner.file();
    let head = RejectedRowsFile {
        content_type: "text/csv; charset=utf-8".into(),
        file_name: "rejected rows.csv".into(),
        body: b"row,reason\n".to_vec(),
    };
    file.send(Ok(head)).await.unwrap();
    file.send(Ok(RejectedRowsFile { body: b"7,empty\n".to_vec(), ..RejectedRowsFile::default() })).await.unwrap();
    drop(file);
    let answer = world.get(&download()).bearer_auth(&ada.token).answer().await;
    assert_eq!(answer.expect(200).text, "row,reason\n7,empty\n");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let disposition = "attachment; filename=\"rejected rows.csv\"; filename*=UTF-8''rejected%20rows.csv";
    assert_eq!(answer.header("content-disposition"), disposition);
}

#[tokio::test]
async fn half_a_file_is_not_taken_for_a_whole_one() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let file = world.planner.file();
    let head = RejectedRowsFile {
        content_type: "text/csv".into(),
        body: b"row,reason\n".to_vec(),
        ..RejectedRowsFile::default()
    };
    file.send(Ok(head)).await.unwrap();
    let mut response = world.get(&download()).bearer_auth(&ada.token).send().await.unwrap();
    assert_eq!((response.status().as_u16(), next(&mut response).await.as_deref()), (200, Some("row,reason\n")));
    file.send(Err(Status::internal("the disk is gone"))).await.unwrap();
    let parts: Vec<_> = response.bytes_stream().collect().await;
    assert!(parts.last().unwrap().is_err(), "{parts:?}");
}

#[tokio::test]
async fn a_trial_run_has_a_status_of_its_own() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let body = json!({"site_id": TASK, "sector_id": TASK});
    let start = async |query: &str, body: &Value| {
        let path = format!("/api/v1/planner/keywords/auto_cluster/{query}");
        world.post(&path, body).bearer_auth(&ada.token).header("idempotency-key", "abc").answer().await
    };
    let started = start("", &body).await;
    assert_eq!(started.expect(202).json["data"]["task_id"], TASK);
    assert_eq!(world.planner.key().unwrap(), "abc");
    let tried = json!({"site_id": TASK, "sector_id": TASK, "dry_run": true});
    for answer in [start("?dry_run=1", &body).await, start("", &tried).await] {
        assert_eq!(answer.expect(200).json["data"]["quote"]["rows"], 3);
    }
    start("?dry_run=1", &tried).await.refused(400, "INVALID_FIELD");
    start("?sector_id=1", &body).await.refused(400, "INVALID_FIELD");
}
