//! People who cluster the keywords of a sector, again and again, and patiently repeat what gets no answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::victims::Victims;

/// What the plan of a new account allows.
const SITES: usize = 3;
const SECTORS: usize = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(300);
/// The longest that a person repeats one request, and waits for one job.
const PATIENCE: Duration = Duration::from_mins(5);
const PASSWORD: &str = "correct horse battery";

/// Keywords that have something in common, as many as asked for.
const KEYWORDS: &str = "
    INSERT INTO igny8_keywords (account_id, id, site_id, sector_id, keyword, normalised, volume)
    SELECT s.account_id, gen_random_uuid(), s.site_id, s.id, k.text, k.text, k.n
    FROM igny8_sector_copies s, (
        SELECT n, concat_ws(' ', (ARRAY['cheap','best','used','red','small'])[n % 5 + 1],
            (ARRAY['running shoes','garden chairs','coffee grinder','travel insurance','bicycle helmet','wool socks'])[n / 5 % 6 + 1],
            (ARRAY['for beginners','review','near me','price','2026'])[n / 30 % 5 + 1], nullif(n / 150, 0)::text) AS text
        FROM generate_series(0, $1::bigint - 1) n) k";

/// Everybody, ready to work.
#[derive(Debug)]
pub(super) struct Load {
    people: Vec<Person>,
}

/// Somebody with a sector of their own.
#[derive(Debug, Clone)]
struct Person {
    client: Client,
    url: String,
    token: String,
    site: String,
    sector: String,
}

/// A job that has ended, as its person saw it.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) id: Uuid,
    pub(super) succeeded: bool,
}

/// Everybody at work.
#[derive(Debug)]
pub(super) struct Working {
    stop: watch::Sender<bool>,
    people: JoinSet<Result<Vec<Task>>>,
}

impl Load {
    pub(super) async fn prepare(victims: &Victims, people: usize, keywords: usize) -> Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
        let url = victims.url()?;
        let mut all = Vec::new();
        while all.len() < people {
            all.extend(account(&client, &url, all.len()).await?);
        }
        all.truncate(people);
        fill(victims, all.len(), keywords).await?;
        Ok(Self { people: all })
    }

    pub(super) fn begin(self) -> Working {
        let stop = watch::Sender::new(false);
        let mut people = JoinSet::new();
        for person in self.people {
            let stopped = stop.subscribe();
            people.spawn(async move { person.work(&stopped).await });
        }
        Working { stop, people }
    }
}

impl Working {
    /// Lets everybody finish what they have begun.
    pub(super) async fn stop(mut self) -> Result<Vec<Task>> {
        self.stop.send_replace(true);
        let mut done = Vec::new();
        while let Some(tasks) = self.people.join_next().await {
            done.extend(tasks??);
        }
        Ok(done)
    }
}

impl Person {
    async fn work(&self, stopped: &watch::Receiver<bool>) -> Result<Vec<Task>> {
        let mut done = Vec::new();
        while !*stopped.borrow() {
            let id = self.start().await?;
            done.push(Task { id, succeeded: self.outcome(id).await? });
        }
        Ok(done)
    }

    /// Starts a job. Every try carries the same key, so that there is one.
    async fn start(&self) -> Result<Uuid> {
        let key = Uuid::now_v7().to_string();
        let body = json!({ "site_id": self.site, "sector_id": self.sector });
        let request = || {
            let url = format!("{}/api/v1/planner/keywords/auto_cluster/", self.url);
            self.client.post(url).bearer_auth(&self.token).header("idempotency-key", &key).json(&body)
        };
        let (_, answer) = until(&[202], "starting a job", request).await?;
        let id = answer.pointer("/data/task_id").and_then(Value::as_str).context("an answer without a task")?;
        Ok(id.parse()?)
    }

    /// Whether it succeeded, once it has ended.
    async fn outcome(&self, task: Uuid) -> Result<bool> {
        let begun = Instant::now();
        let url = format!("{}/api/v1/system/settings/task_progress/{task}/", self.url);
        while begun.elapsed() < PATIENCE {
            let (_, answer) =
                until(&[200], "asking for progress", || self.client.get(&url).bearer_auth(&self.token)).await?;
            match answer.pointer("/data/state").and_then(Value::as_str) {
                Some("succeeded") => return Ok(true),
                Some("failed" | "cancelled") => return Ok(false),
                _ => sleep(BETWEEN_TRIES).await,
            }
        }
        bail!("task {task} has not ended within {PATIENCE:?}")
    }
}

/// Repeats a request that gets no answer, or one that says to try again.
async fn until(wanted: &[u16], what: &str, request: impl Fn() -> reqwest::RequestBuilder) -> Result<(u16, Value)> {
    let begun = Instant::now();
    let mut last = String::new();
    while begun.elapsed() < PATIENCE {
        match request().send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap_or_default();
                if wanted.contains(&status) {
                    return Ok((status, serde_json::from_str(&text)?));
                }
                // 409: the first try is at work still.
                ensure!(status == 409 || status == 429 || status >= 500, "{what}: {status} {text}");
                last = format!("{status} {text}");
            }
            Err(error) => last = error.to_string(),
        }
        sleep(BETWEEN_TRIES).await;
    }
    bail!("{what}: no good answer within {PATIENCE:?}; the last one: {last}")
}

/// An account with as many sites and sectors as its plan allows: a person for each sector.
async fn account(client: &Client, url: &str, number: usize) -> Result<Vec<Person>> {
    let sectors: Vec<_> = (0..SECTORS).map(|sector| json!({ "name": format!("Sector {sector}") })).collect();
    let site = |at: usize| json!({ "name": format!("Site {at}"), "domain": format!("site-{at}.example.com"), "sectors": sectors });
    let person = json!({ "account_name": format!("Account {number}"), "name": "Ada", "password": PASSWORD,
        "email": format!("ada-{number}@example.com"), "site": site(0) });
    let sign_up = || client.post(format!("{url}/api/v1/auth/sign_up/")).json(&person);
    let (_, answer) = until(&[201], "signing up", sign_up).await?;
    let access = answer.pointer("/data/access_token").and_then(Value::as_str).context("no access token")?.to_owned();
    // The storm may last longer than an access token.
    let key = json!({ "name": "Storm", "role": "owner" });
    let request = || client.post(format!("{url}/api/v1/auth/api_keys/")).bearer_auth(&access).json(&key);
    let (_, answer) = until(&[201], "making an API key", request).await?;
    let token = answer.pointer("/data/secret").and_then(Value::as_str).context("no secret of a key")?.to_owned();
    for at in 1..SITES {
        let request = || client.post(format!("{url}/api/v1/auth/sites/")).bearer_auth(&token).json(&site(at));
        until(&[201], "making a site", request).await?;
    }
    let list = || client.get(format!("{url}/api/v1/auth/sites/")).bearer_auth(&token);
    let (_, answer) = until(&[200], "listing sites", list).await?;
    let sites = answer.get("results").and_then(Value::as_array).context("no list of sites")?;
    let text = |value: &Value| value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let of_site = |site: &Value| {
        let sectors = site.get("sectors").and_then(Value::as_array).cloned().unwrap_or_default();
        let (client, url, token, site) = (client.clone(), url.to_owned(), token.clone(), text(site));
        sectors.into_iter().map(move |sector| Person {
            client: client.clone(),
            url: url.clone(),
            token: token.clone(),
            site: site.clone(),
            sector: text(&sector),
        })
    };
    Ok(sites.iter().flat_map(of_site).collect())
}

/// Puts keywords into every sector, once the planner has heard of all of them.
async fn fill(victims: &Victims, people: usize, keywords: usize) -> Result<()> {
    let planner = victims.database("planner").await?;
    let begun = Instant::now();
    let accounts = i64::try_from(people.div_ceil(SITES * SECTORS) * SITES * SECTORS)?;
    loop {
        let known: i64 = planner.query_one("SELECT count(*) FROM igny8_sector_copies", &[]).await?.try_get(0)?;
        if known == accounts {
            break;
        }
        ensure!(begun.elapsed() < PATIENCE, "the planner has heard of {known} of {accounts} sectors");
        sleep(BETWEEN_TRIES).await;
    }
    planner.execute(KEYWORDS, &[&i64::try_from(keywords)?]).await.context("fill the sectors")?;
    Ok(())
}
