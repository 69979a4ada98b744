//! From a keyword file to ideas that the writer has: a person's way, through REST only.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test whose surroundings are not as they should be has failed"
)]

use std::collections::BTreeMap;

use integration_tests::desk::{Desk, expect, text};
use serde_json::json;

const SUBJECTS: [&str; 3] = ["running shoes", "coffee machine", "garden shed"];
const FORMS: [&str; 6] = ["best {}", "{}", "cheap {}", "{} reviews", "how to choose a {}", "{} for beginners"];

/// Each keyword with its id and the cluster that it is in.
async fn places(desk: &Desk) -> BTreeMap<String, (String, String)> {
    let page = desk.get("/api/v1/planner/keywords/?page_size=500").await;
    let keywords = page["results"].as_array().expect("keywords").iter();
    keywords
        .map(|keyword| {
            let cluster = keyword["cluster"]["id"].as_str().unwrap_or_default().to_owned();
            (text(&keyword["keyword"]), (text(&keyword["id"]), cluster))
        })
        .collect()
}

fn keywords() -> Vec<String> {
    let of = |subject: &str| FORMS.map(|form| form.replace("{}", subject));
    SUBJECTS.iter().flat_map(|subject| of(subject)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_file_becomes_clusters_and_ideas_that_the_writer_has() {
    let desk = Desk::open().await;
    desk.import(&keywords()).await;

    let quote = "/api/v1/planner/keywords/auto_cluster/?dry_run=1";
    let quote = desk.post(quote, desk.sector_body(), 200).await["quote"].clone();
    assert_eq!((&quote["rows"], &quote["enough"]), (&json!(keywords().len()), &json!(true)), "{quote}");
    let before = desk.get("/api/v1/billing/balance/").await["data"]["available"].as_i64().expect("credits");
    assert_eq!(quote["balance"], before);

    let started = desk.post("/api/v1/planner/keywords/auto_cluster/", desk.sector_body(), 202).await;
    let events = desk.watch(&started).await;
    let (last, done) = events.last().expect("an event");
    assert_eq!((last.as_str(), &done["state"], &done["phase"]), ("done", &json!("succeeded"), &json!("done")));
    assert!(events.iter().rev().skip(1).all(|(event, _)| event == "progress"), "{events:?}");
    let percents: Vec<i64> = events.iter().filter_map(|(_, progress)| progress["percent"].as_i64()).collect();
    assert!(percents.is_sorted(), "progress only grows: {percents:?}");
    assert_eq!(done["credits"], quote["credits"]);

    let places = places(&desk).await;
    assert!(places.values().all(|(_, cluster)| !cluster.is_empty()), "every keyword has a cluster: {places:?}");
    let clusters = desk.get("/api/v1/planner/clusters/?page_size=500").await;
    assert_eq!(clusters["count"].to_string(), text(&done["figures"]["clusters"]));
    let counted: i64 =
        clusters["results"].as_array().expect("clusters").iter().filter_map(|c| c["keyword_count"].as_i64()).sum();
    assert_eq!(counted, i64::try_from(keywords().len()).expect("few"));

    a_move_stays(&desk).await;
    ideas_reach_the_writer(&desk).await;

    let task = text(&started["task_id"]);
    let receipt = desk.get(&format!("/api/v1/billing/receipts/{task}/")).await["data"].clone();
    assert_eq!((&receipt["state"], &receipt["charge"]), (&json!("settled"), &quote["credits"]), "{receipt}");
    let job = desk.get(&format!("/api/v1/system/jobs/{task}/")).await["data"].clone();
    assert_eq!((&job["state"], &job["requester"]), (&json!("succeeded"), &json!("planner")), "{job}");
}

/// A keyword that a person moves is where they put it after the next run, and clusters are the same ones.
async fn a_move_stays(desk: &Desk) {
    let before = places(desk).await;
    let (keyword, (id, from)) = before.iter().find(|(keyword, _)| *keyword == "cheap garden shed").expect("imported");
    let (_, to) = &before["running shoes"];
    assert_ne!(from, to, "{keyword} is not among the shoes");
    let body = json!({ "cluster_id": to, "keyword_ids": [id] });
    assert_eq!(desk.post("/api/v1/planner/clusters/move_keywords/", body, 200).await["count"], 1);
    let done = desk.cluster().await;
    let after = places(desk).await;
    assert_eq!(&after[keyword].1, to, "the move stays");
    for (keyword, (_, cluster)) in before.iter().filter(|(keyword, _)| *keyword != "cheap garden shed") {
        assert_eq!(&after[keyword].1, cluster, "the cluster of {keyword} is the same one: {done}");
    }

    let mut body = desk.sector_body();
    body["page_threshold"] = json!(1.0);
    body["topic_threshold"] = json!(0.5);
    let cut = desk.post("/api/v1/planner/clusters/rethreshold/", body, 200).await;
    assert!(cut["clusters"].as_i64() > Some(3) && cut["kept"].as_i64() > Some(0), "{cut}");
    let back = desk.post("/api/v1/planner/clusters/rethreshold/", desk.sector_body(), 200).await;
    assert!(back["clusters"].as_i64() < cut["clusters"].as_i64(), "{back}");
    assert_eq!(&places(desk).await[keyword].1, to, "the move stays at every threshold");
}

async fn ideas_reach_the_writer(desk: &Desk) {
    let clusters = json!({ "filter": { "site_id": desk.site } });
    let body = json!({ "clusters": clusters, "ideas_per_cluster": 1 });
    let quote = desk.post("/api/v1/planner/clusters/auto_generate_ideas/?dry_run=1", body.clone(), 200).await;
    let started = desk.post("/api/v1/planner/clusters/auto_generate_ideas/", body, 202).await;
    let done = desk.done(&started).await;
    assert_eq!(text(&done["figures"]["ideas"]), quote["quote"]["rows"].to_string());

    let path = format!("/api/v1/planner/content_ideas/?task_id={}", text(&started["task_id"]));
    let ideas = desk.get(&path).await;
    let idea = &ideas["results"][0];
    assert!(!text(&idea["title"]).is_empty() && !idea["outline"].as_array().expect("an outline").is_empty(), "{idea}");
    assert!(idea["cluster"]["name"].is_string() && idea["status"] == "new", "{idea}");
    let path = format!("/api/v1/planner/content_ideas/{}", text(&idea["id"]));
    desk.post(&format!("{path}/queue/"), json!({}), 400).await;
    assert_eq!(desk.post(&format!("{path}/approve/"), json!({}), 200).await["status"], "approved");
    assert_eq!(desk.post(&format!("{path}/queue/"), json!({}), 200).await["status"], "queued");
    assert_eq!(desk.get(&format!("{path}/")).await["data"]["status"], "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_at_a_time_works_on_a_sector() {
    let desk = Desk::open().await;
    desk.import(&keywords()).await;
    let body = desk.sector_body();
    let start = || desk.call("POST", "/api/v1/planner/keywords/auto_cluster/", Some(&body));
    let (one, other) = tokio::join!(start(), start());
    let (began, refused) = if one.status == 202 { (one, other) } else { (other, one) };
    expect(&began, 202);
    assert_eq!(expect(&refused, 409)["reason"], "CLUSTERING_RUNS");
    desk.done(&began.json["data"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_be_paid_holds_nothing_and_queues_nothing() {
    let desk = Desk::open().await;
    desk.import(&keywords()).await;
    let cap = json!({ "scope": "account", "daily_credits": 0 });
    expect(&desk.call("POST", "/api/v1/billing/spending_caps/", Some(&cap)).await, 201);
    let quote = desk.post("/api/v1/planner/keywords/auto_cluster/?dry_run=1", desk.sector_body(), 200).await;
    assert_eq!(quote["quote"]["enough"], false, "{quote}");
    let body = desk.sector_body();
    for _ in 0..2 {
        let refused = desk.call("POST", "/api/v1/planner/keywords/auto_cluster/", Some(&body)).await;
        assert_eq!(expect(&refused, 402)["reason"], "SPENDING_CAP_REACHED");
    }
    assert_eq!(desk.get("/api/v1/billing/balance/").await["data"]["held"], 0);
    assert_eq!(desk.get("/api/v1/system/jobs/").await["count"], 0);
}
