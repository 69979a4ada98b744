//! From a keyword file to ideas that the writer has: a person's way, through REST only.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test whose surroundings are not as they should be has failed"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use integration_tests::fleet::{Answer, Fleet};
use integration_tests::people::Person;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const SUBJECTS: [&str; 3] = ["running shoes", "coffee machine", "garden shed"];
const FORMS: [&str; 6] = ["best {}", "{}", "cheap {}", "{} reviews", "how to choose a {}", "{} for beginners"];

/// A person with a site, and the fleet.
struct Desk {
    fleet: Fleet,
    person: Person,
    site: String,
    sector: String,
}

impl Desk {
    async fn open() -> Self {
        let fleet = Fleet::start().await;
        let person = fleet.owner("ada").await;
        let body = json!({ "name": "Shop", "domain": "shop.example.com", "sectors": [{ "name": "Everything" }] });
        let site = fleet.call("POST", "/api/v1/auth/sites/", Some(&person.token), Some(&body)).await;
        let data = &expect(&site, 201)["data"];
        let (site, sector) = (text(&data["id"]), text(&data["sectors"][0]["id"]));
        Self { fleet, person, site, sector }
    }

    async fn call(&self, verb: &str, path: &str, body: Option<&Value>) -> Answer {
        self.fleet.call(verb, path, Some(&self.person.token), body).await
    }

    async fn get(&self, path: &str) -> Value {
        expect(&self.call("GET", path, None).await, 200).clone()
    }

    async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        expect(&self.call("POST", path, Some(&body)).await, status)["data"].clone()
    }

    /// Uploads a file, and answers its preview.
    async fn upload(&self, name: &'static str, content: String) -> Value {
        let part = Part::bytes(content.into_bytes()).file_name(name);
        let form =
            Form::new().text("site_id", self.site.clone()).text("sector_id", self.sector.clone()).part("file", part);
        let request = reqwest::Client::new().post(format!("{}/api/v1/planner/imports/", self.fleet.url));
        let answer = request.bearer_auth(&self.person.token).multipart(form).send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a body"));
        assert_eq!(status, 201, "{text}");
        let import: Value = serde_json::from_str(&text).expect("JSON");
        let path = format!("/api/v1/planner/imports/{}/", self::text(&import["data"]["id"]));
        for _ in 0..200 {
            let import = self.get(&path).await["data"].clone();
            if import["state"] != "reading" {
                return import;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the file is still being read")
    }

    /// The events of a task until its last one, each with what it carried.
    async fn watch(&self, started: &Value) -> Vec<(String, Value)> {
        let path = format!("{}{}events/", self.fleet.url, text(&started["progress_url"]));
        let request = reqwest::Client::new().get(path).bearer_auth(&self.person.token);
        let stream = request.send().await.expect("an answer").text().await.expect("a stream that ends");
        let events = stream.split("\n\n").filter_map(|block| {
            let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            Some((line("event: ")?.to_owned(), serde_json::from_str(line("data: ")?).expect("JSON")))
        });
        events.collect()
    }

    /// Waits for a task that must succeed, and answers its last progress.
    async fn done(&self, started: &Value) -> Value {
        let events = self.watch(started).await;
        let (event, progress) = events.last().expect("an event");
        assert_eq!(event, "done", "{events:?}");
        progress.clone()
    }

    async fn import(&self, keywords: &[String]) {
        let mut file = "keyword,volume\n".to_owned();
        for (place, keyword) in keywords.iter().enumerate() {
            writeln!(file, "{keyword},{}", 1000 - place * 10).expect("a line");
        }
        let import = self.upload("keywords.csv", file).await;
        assert_eq!(
            (&import["state"], &import["counts"]["new"]),
            (&json!("previewed"), &json!(keywords.len())),
            "{import}"
        );
        let path = format!("/api/v1/planner/imports/{}/start/", text(&import["id"]));
        let started = self.post(&path, json!({ "duplicates": "skip" }), 202).await;
        let progress = self.done(&started).await;
        assert_eq!(progress["state"], "succeeded");
    }

    fn sector_body(&self) -> Value {
        json!({ "site_id": self.site, "sector_id": self.sector })
    }

    async fn cluster(&self) -> Value {
        let started = self.post("/api/v1/planner/keywords/auto_cluster/", self.sector_body(), 202).await;
        self.done(&started).await
    }

    /// Each keyword with the cluster that it is in.
    async fn places(&self) -> BTreeMap<String, (String, String)> {
        let page = self.get("/api/v1/planner/keywords/?page_size=500").await;
        let keywords = page["results"].as_array().expect("keywords").iter();
        keywords
            .map(|keyword| {
                let cluster = keyword["cluster"]["id"].as_str().unwrap_or_default().to_owned();
                (text(&keyword["keyword"]), (text(&keyword["id"]), cluster))
            })
            .collect()
    }
}

fn expect(answer: &Answer, status: u16) -> &Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    &answer.json
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
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

    let places = desk.places().await;
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
    let before = desk.places().await;
    let (keyword, (id, from)) = before.iter().find(|(keyword, _)| *keyword == "cheap garden shed").expect("imported");
    let (_, to) = &before["running shoes"];
    assert_ne!(from, to, "{keyword} is not among the shoes");
    let body = json!({ "cluster_id": to, "keyword_ids": [id] });
    assert_eq!(desk.post("/api/v1/planner/clusters/move_keywords/", body, 200).await["count"], 1);
    let done = desk.cluster().await;
    let after = desk.places().await;
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
    assert_eq!(&desk.places().await[keyword].1, to, "the move stays at every threshold");
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
