//! From a keyword file to articles with pictures that nobody had to ask for one by one: automation, through REST only.

#![expect(clippy::expect_used, reason = "a test whose surroundings are not as they should be has failed")]

use std::time::{Duration, Instant};

use integration_tests::desk::{Desk, text};
use serde_json::{Value, json};

const KEYWORDS: [&str; 6] = [
    "best running shoes",
    "running shoes",
    "running shoes for beginners",
    "best coffee machine",
    "coffee machine",
    "coffee machine for beginners",
];

/// The stages of a run, with how many items have each behind them.
fn done(run: &Value) -> Vec<(String, i64)> {
    let stages = run["stages"].as_array().expect("stages").iter();
    stages.map(|stage| (text(&stage["stage"]), stage["done"].as_i64().expect("a count"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_keywords_to_articles_with_pictures_and_says_what_it_took() {
    let desk = Desk::open().await;
    desk.import(&KEYWORDS.map(str::to_owned)).await;
    let balance = "/api/v1/billing/balance/";
    let before = desk.get(balance).await["data"]["available"].as_i64().expect("credits");

    let body = json!({ "site_id": desk.site, "credit_limit": before, "item_limit": 2 });
    let run = desk.post("/api/v1/planner/automation/runs/", body, 202).await;
    desk.done(&run).await;
    let path = format!("/api/v1/planner/automation/runs/{}/", text(&run["id"]));
    let run = desk.get(&path).await["data"].clone();
    let wanted = [("cluster", 1), ("idea", 2), ("task", 2), ("content", 2), ("images", 2)];
    assert_eq!((&run["state"], done(&run)), (&json!("done"), wanted.map(|(stage, n)| (stage.to_owned(), n)).to_vec()));

    let items = desk.get(&format!("{path}items/?stage=images")).await["results"].clone();
    for item in items.as_array().expect("items") {
        let id = text(&item["content_id"]);
        let content = desk.get(&format!("/api/v1/writer/content/{id}/")).await["data"].clone();
        assert_eq!((&content["status"], &content["task_id"]), (&json!("draft"), &item["task_id"]), "{content}");
        let images = desk.get(&format!("/api/v1/writer/images/?content_id={id}")).await["results"].clone();
        let images = images.as_array().expect("images");
        assert!(!images.is_empty() && images.iter().all(|image| image["state"] == "generated"), "{images:?}");
    }
    let after = desk.until(balance, |balance| balance["data"]["held"] == 0).await["data"]["available"].clone();
    assert_eq!(after.as_i64().map(|after| before - after), run["credits"].as_i64(), "{run}");
}

/// Waits until something of a stage has begun: what is asked of another service has been written down, and is about to be asked.
async fn begun(desk: &Desk, stage: &str) {
    let rows = format!("SELECT count(*) FROM igny8_automation_jobs WHERE stage = '{stage}'");
    let begun = Instant::now();
    while desk.fleet.number("planner", &rows).await == 0 {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing of the stage {stage} has begun");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_driver_is_killed_in_the_middle_goes_on_and_does_nothing_twice() {
    let mut desk = Desk::open().await;
    desk.import(&KEYWORDS.map(str::to_owned)).await;
    let balance = "/api/v1/billing/balance/";
    let before = desk.get(balance).await["data"]["available"].as_i64().expect("credits");
    let body = json!({ "site_id": desk.site, "credit_limit": before, "item_limit": 2 });
    let run = desk.post("/api/v1/planner/automation/runs/", body, 202).await;
    for stage in ["cluster", "content"] {
        begun(&desk, stage).await;
        desk.fleet.kill_planner().await;
        desk.fleet.start_planner();
    }
    desk.done(&run).await;
    let run = desk.get(&format!("/api/v1/planner/automation/runs/{}/", text(&run["id"]))).await["data"].clone();
    let wanted = [("cluster", 1), ("idea", 2), ("task", 2), ("content", 2), ("images", 2)];
    assert_eq!((&run["state"], done(&run)), (&json!("done"), wanted.map(|(stage, n)| (stage.to_owned(), n)).to_vec()));

    // Each job once, of each thing that is worked on; each article once; and all of it paid once.
    let number = async |service: &str, query: &str| desk.fleet.number(service, query).await;
    assert_eq!(number("planner", "SELECT count(*) FROM igny8_automation_jobs").await, 7);
    assert_eq!(number("planner", "SELECT count(*) FROM igny8_job_requests").await, 3);
    let again = "SELECT count(*) - count(DISTINCT (action, target_id)) FROM igny8_job_requests";
    assert_eq!(number("writer", again).await, 0, "the writer was asked for something twice");
    assert_eq!(number("writer", "SELECT count(*) FROM igny8_tasks").await, 2);
    assert_eq!(number("writer", "SELECT count(*) FROM igny8_content").await, 2);
    let settled = desk.until(balance, |balance| balance["data"]["held"] == 0).await["data"]["available"].clone();
    assert_eq!(settled.as_i64().map(|after| before - after), run["credits"].as_i64(), "{run}");
    let paid = "SELECT coalesce(sum(charge), 0)::bigint FROM igny8_reservations";
    assert_eq!(Some(number("billing", paid).await), run["credits"].as_i64());
}
