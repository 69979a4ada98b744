//! A person at work: signed in, with a site of one sector, and all of it through REST.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::fleet::{Answer, Fleet};
use crate::people::Person;

const PATIENCE: Duration = Duration::from_mins(1);

/// A person with a site, and the fleet.
#[derive(Debug)]
pub struct Desk {
    pub fleet: Fleet,
    pub person: Person,
    pub site: String,
    pub sector: String,
}

impl Desk {
    /// A fresh fleet with one person in it.
    pub async fn open() -> Self {
        let fleet = Fleet::start().await;
        let person = fleet.owner("ada").await;
        let body = json!({ "name": "Shop", "domain": "shop.example.com", "sectors": [{ "name": "Everything" }] });
        let site = fleet.call("POST", "/api/v1/auth/sites/", Some(&person.token), Some(&body)).await;
        let data = &expect(&site, 201)["data"];
        let (site, sector) = (text(&data["id"]), text(&data["sectors"][0]["id"]));
        Self { fleet, person, site, sector }
    }

    /// Whatever the answer is.
    pub async fn call(&self, verb: &str, path: &str, body: Option<&Value>) -> Answer {
        self.fleet.call(verb, path, Some(&self.person.token), body).await
    }

    /// The whole answer of success.
    pub async fn get(&self, path: &str) -> Value {
        expect(&self.call("GET", path, None).await, 200).clone()
    }

    /// What the answer carries, when it has this status.
    pub async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        expect(&self.call("POST", path, Some(&body)).await, status)["data"].clone()
    }

    /// Uploads a file, and answers its preview.
    pub async fn upload(&self, name: &'static str, content: String) -> Value {
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
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the file is still being read")
    }

    /// The events of a task until its last one, each with what it carried.
    pub async fn watch(&self, started: &Value) -> Vec<(String, Value)> {
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
    pub async fn done(&self, started: &Value) -> Value {
        let events = self.watch(started).await;
        let (event, progress) = events.last().expect("an event");
        assert_eq!(event, "done", "{events:?}");
        progress.clone()
    }

    /// Imports keywords, the first one searched for most.
    pub async fn import(&self, keywords: &[String]) {
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

    pub async fn cluster(&self) -> Value {
        let started = self.post("/api/v1/planner/keywords/auto_cluster/", self.sector_body(), 202).await;
        self.done(&started).await
    }

    /// Asks until the answer is as wanted: what services tell each other takes a moment.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} still answers {answer}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The site and the sector, as most requests name them.
    pub fn sector_body(&self) -> Value {
        json!({ "site_id": self.site, "sector_id": self.sector })
    }
}

/// The body of an answer that has this status.
pub fn expect(answer: &Answer, status: u16) -> &Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    &answer.json
}

/// A text of JSON.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}
