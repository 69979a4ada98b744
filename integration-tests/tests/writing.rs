//! From an idea to a page that everybody can read, on a real WordPress: a person's way, through REST only.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test whose surroundings are not as they should be has failed"
)]

use integration_tests::desk::{Desk, expect, text};
use serde_json::{Value, json};
use testkit::TestWordpress;

/// A queued idea's task.
async fn task(desk: &Desk) -> Value {
    desk.import(&["best running shoes", "running shoes", "running shoes for beginners"].map(str::to_owned)).await;
    desk.cluster().await;
    let body = json!({ "clusters": { "filter": { "site_id": desk.site } } });
    let started = desk.post("/api/v1/planner/clusters/auto_generate_ideas/", body, 202).await;
    desk.done(&started).await;
    let ideas = desk.get(&format!("/api/v1/planner/content_ideas/?task_id={}", text(&started["task_id"]))).await;
    let idea = &ideas["results"][0];
    let path = format!("/api/v1/planner/content_ideas/{}", text(&idea["id"]));
    desk.post(&format!("{path}/approve/"), json!({}), 200).await;
    desk.post(&format!("{path}/queue/"), json!({}), 200).await;
    let tasks = format!("/api/v1/writer/tasks/?content_idea_id={}", text(&idea["id"]));
    let task = desk.until(&tasks, |page| page["count"] == 1).await["results"][0].clone();
    assert_eq!((&task["title"], &task["status"]), (&idea["title"], &json!("queued")), "{task}");
    desk.until(&format!("{path}/"), |idea| idea["data"]["status"] == "written").await;
    task
}

/// Work that a quote is asked for first. Answers what was charged.
async fn work(desk: &Desk, path: &str, body: Value) -> i64 {
    let mut quote = body.clone();
    quote["dry_run"] = json!(true);
    let quote = desk.post(path, quote, 200).await["quote"].clone();
    assert_eq!(quote["enough"], true, "{quote}");
    let work = desk.post(path, body, 202).await;
    assert_eq!(work["left_out"], json!([]), "{work}");
    let mut credits = 0;
    for piece in work["started"].as_array().expect("pieces of work") {
        credits += desk.done(piece).await["credits"].as_i64().expect("what was charged");
    }
    assert!(credits > 0 && credits <= quote["credits"].as_i64().expect("credits"), "{credits} of {quote}");
    credits
}

/// The article of a task.
async fn article(desk: &Desk, task: &Value) -> Value {
    let contents = desk.get(&format!("/api/v1/writer/content/?task_id={}", text(&task["id"]))).await;
    let path = format!("/api/v1/writer/content/{}/", text(&contents["results"][0]["id"]));
    let content = desk.get(&path).await["data"].clone();
    let (words, wanted) = (content["word_count"].as_i64().expect("words"), task["word_count"].as_i64().expect("words"));
    assert!((words - wanted).abs() * 100 <= wanted * 15, "{words} words where {wanted} were wanted");
    let html = text(&content["html"]);
    assert!(html.contains("<h2") && !html.contains("<script") && !html.contains("<h1"), "{html}");
    assert_eq!(content["revision"], 1);
    for part in ["title", "meta_title", "meta_description", "slug", "excerpt"] {
        assert!(!text(&content[part]).is_empty(), "{part}: {content}");
    }
    content
}

/// Every image has a picture that its account sees, and nobody else.
async fn pictures(desk: &Desk, content: &str) -> usize {
    let images = desk.get(&format!("/api/v1/writer/images/?content_id={content}")).await;
    let images = images["results"].as_array().expect("images").clone();
    assert_eq!(images.iter().filter(|image| image["slot"] == "featured").count(), 1, "{images:?}");
    let stranger = desk.fleet.owner("stranger").await;
    for image in &images {
        let url = text(&image["picture"]["url"]);
        let shown = reqwest::Client::new().get(format!("{}{url}", desk.fleet.url));
        let shown = shown.bearer_auth(&desk.person.token).send().await.expect("an answer");
        assert_eq!(
            (shown.status().as_u16(), &shown.headers()["content-type"]),
            (200, &"image/webp".parse().expect("a type"))
        );
        assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
        expect(&desk.fleet.call("GET", &url, Some(&stranger.token), None).await, 404);
    }
    images.len()
}

/// A connection of the desk's site that works.
async fn connect(desk: &Desk, wordpress: &TestWordpress) {
    let editor = wordpress.user("editor");
    let body = json!({
        "site_id": desk.site,
        "url": wordpress.url(),
        "username": editor.user,
        "application_password": editor.application_password,
    });
    let connection = desk.post("/api/v1/publisher/connections/", body, 201).await;
    assert!(!connection.to_string().contains(&editor.application_password), "a password is never shown: {connection}");
    let path = format!("/api/v1/publisher/connections/{}/test/", text(&connection["id"]));
    let diagnosis = desk.post(&path, json!({}), 200).await;
    assert_eq!(diagnosis["works"], true, "{diagnosis}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idea_becomes_an_article_with_pictures_that_everybody_can_read() {
    let (desk, wordpress) = tokio::join!(Desk::open(), TestWordpress::new());
    let task = task(&desk).await;
    let balance = async || desk.get("/api/v1/billing/balance/").await["data"].clone();
    let before = balance().await;

    let body = json!({ "tasks": { "ids": [task["id"]] } });
    let mut charged = work(&desk, "/api/v1/writer/tasks/auto_generate_content/", body).await;
    let content = article(&desk, &task).await;
    let (id, title) = (text(&content["id"]), text(&content["title"]));
    charged += work(&desk, "/api/v1/writer/content/auto_generate_images/", json!({ "content_ids": [id] })).await;
    let pictures = pictures(&desk, &id).await;
    let after = balance().await;
    assert_eq!(before["available"].as_i64().map(|credits| credits - charged), after["available"].as_i64());
    assert_eq!(after["held"], 0, "{after}");

    connect(&desk, &wordpress).await;
    let publish = json!({ "content_id": id });
    let refused = desk.call("POST", "/api/v1/publisher/publications/", Some(&publish)).await;
    assert!((400..500).contains(&refused.status), "nobody approved it yet: {}", refused.text);
    let path = format!("/api/v1/writer/content/{id}/");
    if desk.get(&path).await["data"]["status"] == "draft" {
        desk.post(&format!("{path}submit/"), json!({}), 200).await;
    }
    assert_eq!(desk.post(&format!("{path}approve/"), json!({}), 200).await["status"], "approved");

    let publication = desk.post("/api/v1/publisher/publications/", publish, 202).await;
    desk.done(&publication).await;
    let content = desk.until(&path, |content| content["data"]["status"] == "published").await["data"].clone();
    let url = text(&content["url"]);
    let page = reqwest::get(&url).await.expect("the page").text().await.expect("a text");
    let words = title.split_whitespace().filter(|word| word.chars().all(char::is_alphanumeric));
    assert!(words.clone().all(|word| page.contains(word)), "{url} shows {title}");
    assert!(page.matches("/wp-content/uploads/").count() >= pictures - 1, "{url} shows the pictures of the text");
    assert!(!page.contains("igny8-image:"), "{url} names no picture of ours");
}
