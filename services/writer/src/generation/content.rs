//! Writing the article of a task: freezing the task, and storing what came of it.

use chrono::TimeDelta;
use contracts::JsonEnum;
use contracts::ai_processor::v1::{ContentInput, ContentResult, JobAction, JobClass, LinkTarget};
use contracts::billing::v1::SpendAction;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use jobs::{Action, Figures, Frozen, JobRequest, Outcome, Spec};
use prost::Message;
use rpc::{Error, Result};
use serde_json::json;
use uuid::Uuid;

use super::article;
use crate::contents::{self, Draft, Texts, Why};
use crate::images;
use crate::schema::igny8_sector_copies;
use crate::site_copies::{self, SiteCopy};
use crate::tasks::{self, Task};

pub(super) const NAME: &str = "auto_generate_content";

/// Words of text to one image in it.
const WORDS_PER_IMAGE: i32 = 600;

/// What the writer does around a job that writes an article.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteArticle;

/// The task as it is now. From here on it is being written.
pub(super) async fn freeze(conn: &mut AccountConn, id: Uuid) -> Result<Frozen> {
    let task = Task::lock(conn, id).await?;
    site_copies::writable(conn, task.site_id, task.sector_id).await?;
    tasks::begin(conn, id).await?;
    let input = input(conn, &task).await?;
    Ok(Frozen {
        site: task.site_id,
        target: id,
        params: json!({}),
        units: task.word_count.into(),
        input: input.encode_to_vec(),
    })
}

async fn input(conn: &mut AccountConn, task: &Task) -> Result<ContentInput> {
    let site = SiteCopy::get(conn, task.site_id).await?;
    let sector = igny8_sector_copies::table.find((conn.account().uuid(), task.sector_id));
    let sector_name = sector.select(igny8_sector_copies::name).first(conn).await?;
    Ok(ContentInput {
        language: site.language,
        site_name: site.name,
        site_facts: site.facts,
        sector_name,
        sector_id: Some(task.sector_id.to_string()),
        author_profile_id: task.author_profile_id.map(|id| id.to_string()),
        title: task.title.clone(),
        description: task.description.clone(),
        content_type: task.content_type.0.json_name().unwrap_or_default().to_owned(),
        structure: task.structure.0.json_name().unwrap_or_default().to_owned(),
        word_count: task.word_count,
        primary_keyword: task.primary_keyword.clone(),
        secondary_keywords: task.secondary_keywords.clone(),
        cluster_name: task.cluster_name.clone(),
        intents: Vec::new(),
        outline: task.outline.clone(),
        links: links(conn, task).await?,
        images: (task.word_count / WORDS_PER_IMAGE).clamp(1, 3),
    })
}

/// Live pages that the article may lead to: those of its cluster, then the newest of its sector.
const LINKS: &str = "
    SELECT url, title, primary_keyword FROM igny8_content
    WHERE account_id = $1 AND site_id = $2 AND sector_id = $3 AND status = 'published' AND url IS NOT NULL AND deleted_at IS NULL
    ORDER BY (cluster_id = $4) DESC NULLS LAST, published_at DESC NULLS LAST, id LIMIT 10";

#[derive(QueryableByName)]
struct Page {
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    primary_keyword: String,
}

async fn links(conn: &mut AccountConn, task: &Task) -> Result<Vec<LinkTarget>> {
    let pages: Vec<Page> = db::statement(LINKS)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(task.site_id)
        .bind::<SqlUuid, _>(task.sector_id)
        .bind::<Nullable<SqlUuid>, _>(task.cluster_id)
        .load(conn)
        .await?;
    Ok(pages
        .into_iter()
        .map(|Page { url, title, primary_keyword }| LinkTarget { url, title, primary_keyword })
        .collect())
}

#[tonic::async_trait]
impl Action for WriteArticle {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            job: JobAction::Content,
            spend: SpendAction::Content,
            queue: JobClass::Interactive,
            time_limit: TimeDelta::hours(2),
            busy: Some(("CONTENT_RUNS", "The article of this task is being written. Wait until that has ended.")),
        }
    }

    async fn apply(&self, conn: &mut AccountConn, request: &JobRequest, outcome: Outcome) -> Result<Figures> {
        let result = ContentResult::decode(outcome.body.as_slice()).map_err(Error::internal)?;
        let Some(task) = Task::lock_all(conn, &[request.target_id]).await?.pop() else {
            tracing::info!(request = %request.id, "the task of an article was deleted while it was written");
            return Ok(Figures::new());
        };
        let why = Why {
            reason: "Written by auto_generate_content.".to_owned(),
            user: request.user_id,
            api_key: request.api_key_id,
            receipt: Some(super::receipt(request, outcome.receipt)),
        };
        store(conn, task, result, &why).await
    }

    async fn ended(&self, conn: &mut AccountConn, request: &JobRequest) -> Result<()> {
        let why = JobRequest::find(conn, request.id).await?.and_then(|request| request.error_message);
        tasks::failed(conn, request.target_id, why.as_deref().unwrap_or("The article could not be written.")).await
    }
}

/// The article with the places of its images, told of when all of it is there.
async fn store(conn: &mut AccountConn, task: Task, result: ContentResult, why: &Why) -> Result<Figures> {
    let places = article::places(&result);
    let html = article::html(&result, &places);
    let (site_id, sector_id, id) = (task.site_id, task.sector_id, Uuid::now_v7());
    let ContentResult {
        title,
        meta_title,
        meta_description,
        slug,
        excerpt,
        tags,
        categories,
        claims,
        built_in_draft,
        ..
    } = result;
    let slug = if slug.trim().is_empty() { &title } else { &slug };
    let texts = Texts {
        slug: contents::free_slug(conn, site_id, id, slug).await?,
        title,
        meta_title,
        meta_description,
        excerpt,
        html,
        primary_keyword: task.primary_keyword.clone(),
        secondary_keywords: task.secondary_keywords.clone(),
        tags,
        categories,
        word_count: 0,
    };
    let draft = Draft { id, site_id, sector_id, task: Some(task), texts, claims, built_in_draft };
    let content = contents::write(conn, draft, why).await?;
    let image = |place: &article::Place| images::New {
        id: place.id,
        site_id,
        sector_id,
        content_id: id,
        slot: Stored(place.slot),
        place: place.at,
        purpose: place.purpose.clone(),
        alt: place.alt.clone(),
        prompt: place.prompt.clone(),
        width: images::SIZE.0,
        height: images::SIZE.1,
    };
    images::insert(conn, places.iter().map(image).collect()).await?;
    contents::tell(conn, &content).await?;
    let figures = [
        ("content_id", id.to_string()),
        ("words", content.word_count.to_string()),
        ("images", places.len().to_string()),
    ];
    Ok(figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect())
}
