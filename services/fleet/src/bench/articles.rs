//! Articles by the built-in provider: what the way from a request to a saved article with its pictures takes, one at a time and many at once.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::World;
use super::accounts::{Account, text};
use crate::progress::Step;

/// Articles that are asked for one at a time.
const SINGLE: usize = 20;
/// Articles that are asked for at once, by so many accounts.
const ACCOUNTS: usize = 5;
const OF_EACH: usize = 10;
const WORDS: u32 = 1_200;
const LIMIT: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(10);

pub(super) async fn measure(world: &World<'_>, step: &Step<'_>) -> Result<()> {
    step.detail("one at a time");
    let account = world.account("articles").await?;
    let mut seconds = Vec::new();
    for task in world.tasks(&account, SINGLE).await? {
        let begun = Instant::now();
        world.write(&account, &[&task]).await?;
        let content = world.get(&format!("/api/v1/writer/content/?task_id={task}"), &account.token).await?;
        let body = json!({ "content_ids": [text(&content, "/results/0/id")?] });
        world.finish(&account, "/api/v1/writer/content/auto_generate_images/", &body).await?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    world.tell("articles", "overhead_p50", *seconds.get(SINGLE / 2).context("articles were written")?, "s")?;
    step.detail("many at once");
    let mut work = Vec::new();
    for number in 0..ACCOUNTS {
        let account = world.account(&format!("articles-{number}")).await?;
        work.push((world.tasks(&account, OF_EACH).await?, account));
    }
    let begun = Instant::now();
    let all = work.iter().map(|(tasks, account)| {
        let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
        async move { world.write(account, &tasks).await }
    });
    futures_util::future::try_join_all(all).await?;
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "it is small")]
    let count = (ACCOUNTS * OF_EACH) as f64;
    world.tell("articles", "parallel", count / begun.elapsed().as_secs_f64(), "articles/s")
}

impl World<'_> {
    /// Plans so many articles; answers the ids of their tasks.
    async fn tasks(&self, account: &Account, count: usize) -> Result<Vec<String>> {
        let mut tasks = Vec::new();
        for number in 0..count {
            let body = json!({
                "site_id": account.site,
                "sector_id": account.sector,
                "title": format!("How to choose running shoes, part {number}"),
                "content_type": "article",
                "structure": "guide",
                "primary_keyword": "running shoes",
                "word_count": WORDS,
            });
            let task = self.post("/api/v1/writer/tasks/", Some(&account.token), &body).await?;
            tasks.push(text(&task, "/data/id")?);
        }
        Ok(tasks)
    }

    /// Has articles written, without pictures, and waits for all of them.
    async fn write(&self, account: &Account, tasks: &[&str]) -> Result<()> {
        let body = json!({ "tasks": { "ids": tasks } });
        self.finish(account, "/api/v1/writer/tasks/auto_generate_content/", &body).await
    }

    /// Starts work, and waits until every piece of it has succeeded.
    async fn finish(&self, account: &Account, path: &str, body: &Value) -> Result<()> {
        let answer = self.post(path, Some(&account.token), body).await?;
        let left_out = answer.pointer("/data/left_out").and_then(Value::as_array).map_or(0, Vec::len);
        anyhow::ensure!(left_out == 0, "work was left out: {answer}");
        let begun = Instant::now();
        for piece in answer.pointer("/data/started").and_then(Value::as_array).into_iter().flatten() {
            let progress = text(piece, "/progress_url")?;
            loop {
                let told = self.get(&progress, &account.token).await?;
                match text(&told, "/data/state")?.as_str() {
                    "succeeded" => break,
                    "pending" | "running" if begun.elapsed() < LIMIT => tokio::time::sleep(LOOK).await,
                    state => anyhow::bail!("the work is {state}: {told}"),
                }
            }
        }
        Ok(())
    }
}
