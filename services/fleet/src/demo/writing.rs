//! Ideas become tasks, and one task becomes an article with pictures that may be published.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::api::{Api, number, text};
use super::stages::Done;
use crate::progress::Step;

/// An article of the writer.
#[derive(Debug)]
pub(super) struct Article {
    pub(super) id: String,
    pub(super) title: String,
}

/// Waits for the tasks of ideas. Answers the first one's id.
pub(super) async fn tasks(api: &Api, ideas: &[String]) -> Result<Done<String>> {
    let mut tasks = Vec::new();
    for idea in ideas {
        let path = format!("/api/v1/writer/tasks/?content_idea_id={idea}");
        tasks.push(api.until(&path, |page| page.pointer("/results/0").cloned()).await?);
    }
    let task = tasks.first().context("an idea was queued")?;
    let made = format!("{} tasks, the first: {}", tasks.len(), text(task, "/title")?);
    Ok(Done::free(text(task, "/id")?, made))
}

pub(super) async fn article(api: &Api, task: &str, step: &Step<'_>) -> Result<Done<Article>> {
    let body = json!({ "tasks": { "ids": [task] } });
    let credits = work(api, "/api/v1/writer/tasks/auto_generate_content/", &body, step).await?;
    let path = format!("/api/v1/writer/content/?task_id={task}");
    let content = api.until(&path, |page| page.pointer("/results/0").cloned()).await?;
    let article = Article { id: text(&content, "/id")?, title: text(&content, "/title")? };
    let made = format!("{} words: {}", number(&content, "/word_count"), article.title);
    Ok(Done { value: article, made, credits })
}

pub(super) async fn images(api: &Api, article: &Article, step: &Step<'_>) -> Result<Done<()>> {
    let body = json!({ "content_ids": [article.id] });
    let credits = work(api, "/api/v1/writer/content/auto_generate_images/", &body, step).await?;
    let images = api.rows(&format!("/api/v1/writer/images/?content_id={}", article.id)).await?;
    let pictures = images.iter().filter(|image| image.pointer("/picture/url").is_some()).count();
    anyhow::ensure!(pictures > 0 && pictures == images.len(), "{pictures} of {} images were made", images.len());
    Ok(Done { value: (), made: format!("{pictures} pictures"), credits })
}

/// Hands the article to review where that is still to do, and approves it.
pub(super) async fn approve(api: &Api, article: &Article) -> Result<Done<()>> {
    let path = format!("/api/v1/writer/content/{}/", article.id);
    if text(&api.get(&path).await?, "/data/status")? == "draft" {
        api.post(&format!("{path}submit/"), &json!({})).await?;
    }
    let content = api.post(&format!("{path}approve/"), &json!({})).await?;
    let (status, revision) = (text(&content, "/data/status")?, number(&content, "/data/revision"));
    anyhow::ensure!(status == "approved", "the article is {status}");
    Ok(Done::free((), format!("approved at revision {revision}")))
}

/// Starts work and follows each piece of it; answers what was charged.
async fn work(api: &Api, path: &str, body: &Value, step: &Step<'_>) -> Result<i64> {
    let answer = api.post(path, body).await?;
    let started = answer.pointer("/data/started").and_then(Value::as_array).cloned().unwrap_or_default();
    anyhow::ensure!(
        !started.is_empty(),
        "nothing was started: {}",
        answer.pointer("/data/left_out").unwrap_or(&answer)
    );
    let mut credits = 0;
    for piece in &started {
        credits += number(&api.follow(&text(piece, "/progress_url")?, step).await?, "/credits");
    }
    Ok(credits)
}
