//! From a keyword file to articles with pictures that nobody had to ask for one by one: automation, through REST only.

#![expect(clippy::expect_used, reason = "a test whose surroundings are not as they should be has failed")]

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
