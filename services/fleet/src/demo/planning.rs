//! Keyword files become clusters, and clusters become ideas that the writer has.

use anyhow::{Context as _, Result};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::api::{Api, number, text};
use super::stages::Done;
use crate::progress::Step;

const DOMAIN: &str = "home-barista.example.com";
/// Ideas are made for so many clusters at once, those that are searched for most.
const CLUSTERS: usize = 8;
/// So many ideas are handed to the writer; one of them is written.
const IDEAS: usize = 3;

/// As the two sources hand them out.
const FILES: [(&str, &[u8]); 2] = [
    ("search_console.csv", include_bytes!("../../samples/search_console.csv")),
    ("keyword_planner.csv", include_bytes!("../../samples/keyword_planner.csv")),
];

/// The site and the sector that are worked on.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) site: String,
    sector: String,
}

/// The demo's site; the one of an earlier demo where there is one.
pub(super) async fn site(api: &Api) -> Result<Done<Place>> {
    let found = api.rows(&format!("/api/v1/auth/sites/?search={DOMAIN}")).await?;
    let (site, made) = match found.into_iter().next() {
        Some(site) => (site, "found"),
        None => (make_site(api).await?, "made"),
    };
    let place = Place { site: text(&site, "/id")?, sector: text(&site, "/sectors/0/id")? };
    Ok(Done::free(place, format!("{DOMAIN} {made}")))
}

async fn make_site(api: &Api) -> Result<Value> {
    let body = json!({
        "name": "Home Barista",
        "domain": DOMAIN,
        "language": "en",
        "country": "US",
        "facts": "We are a family shop for coffee at home. We roast every Tuesday, repair espresso machines in our own workshop, \
                  and answer questions about brewing by e-mail.",
        "colours": ["#3b2417", "#c8793a"],
        "daily_pace": 100,
        "sectors": [{ "name": "Coffee at home" }],
    });
    let made = api.post("/api/v1/auth/sites/", &body).await?;
    made.get("data").cloned().context("the answer holds no site")
}

/// Imports both files. What is there already stays as it is.
pub(super) async fn import(api: &Api, place: &Place, step: &Step<'_>) -> Result<Done<()>> {
    let (mut new, mut known) = (0, 0);
    for (name, content) in FILES {
        step.detail(name);
        let part = Part::bytes(content).file_name(name);
        let form = Form::new().text("site_id", place.site.clone()).text("sector_id", place.sector.clone());
        let uploaded = api.upload("/api/v1/planner/imports/", form.text("country", "US").part("file", part)).await?;
        let path = format!("/api/v1/planner/imports/{}/", text(&uploaded, "/data/id")?);
        let is_read = |import: &Value| (text(import, "/data/state").ok()? != "reading").then_some(());
        api.until(&path, is_read).await?;
        let started = api.post(&format!("{path}start/"), &json!({ "duplicates": "keep" })).await?;
        api.follow(&text(&started, "/data/progress_url")?, step).await?;
        let import = api.get(&path).await?;
        new += number(&import, "/data/counts/new");
        known += number(&import, "/data/counts/duplicate");
    }
    Ok(Done::free((), format!("{new} new, {known} known, of {} files", FILES.len())))
}

pub(super) async fn cluster(api: &Api, place: &Place, step: &Step<'_>) -> Result<Done<()>> {
    let body = json!({ "site_id": place.site, "sector_id": place.sector });
    let started = api.post("/api/v1/planner/keywords/auto_cluster/", &body).await?;
    let done = api.follow(&text(&started, "/data/progress_url")?, step).await?;
    let made = format!("{} clusters", number(&done, "/figures/clusters"));
    Ok(Done { value: (), made, credits: number(&done, "/credits") })
}

/// Derives ideas from the largest clusters that have none yet.
pub(super) async fn ideas(api: &Api, place: &Place, step: &Step<'_>) -> Result<Done<()>> {
    let path =
        format!("/api/v1/planner/clusters/?site_id={}&status=new&ordering=-volume&page_size={CLUSTERS}", place.site);
    let clusters: Vec<String> = api.rows(&path).await?.iter().filter_map(|row| text(row, "/id").ok()).collect();
    if clusters.is_empty() {
        return Ok(Done::free((), "every cluster has one already"));
    }
    let body = json!({ "clusters": { "ids": clusters }, "ideas_per_cluster": 1 });
    let started = api.post("/api/v1/planner/clusters/auto_generate_ideas/", &body).await?;
    let done = api.follow(&text(&started, "/data/progress_url")?, step).await?;
    let made = format!("{} ideas", number(&done, "/figures/ideas"));
    Ok(Done { value: (), made, credits: number(&done, "/credits") })
}

/// Approves ideas, first those like nothing that the site has, and hands them to the writer. Answers their ids.
pub(super) async fn queue(api: &Api, place: &Place) -> Result<Done<Vec<String>>> {
    let list = format!("/api/v1/planner/content_ideas/?site_id={}&status=new&page_size=500", place.site);
    let mut ideas = api.rows(&list).await?;
    ideas.sort_by_key(|idea| idea.get("collisions").and_then(Value::as_array).map_or(0, Vec::len));
    ideas.truncate(IDEAS);
    anyhow::ensure!(!ideas.is_empty(), "every idea is written already; `cargo fleet reset` starts anew");
    let ids: Vec<String> = ideas.iter().map(|idea| text(idea, "/id")).collect::<Result<_>>()?;
    for decision in ["approve", "queue"] {
        let body = json!({ "ideas": { "ids": ids }, "decision": decision });
        let decided = api.post("/api/v1/planner/content_ideas/bulk_decide/", &body).await?;
        let count = number(&decided, "/data/count");
        anyhow::ensure!(usize::try_from(count) == Ok(ids.len()), "{decision}: only {count} of {} ideas", ids.len());
    }
    let made = format!("{} ideas approved and queued", ids.len());
    Ok(Done::free(ids, made))
}
