//! What the writer and the publisher have of a site, by their events: tasks, articles that are not live, and live pages. An idea is
//! compared with them before anything is spent on it.

use chrono::{DateTime, Utc};
use contracts::planner::v1::CollisionKind;
use contracts::publisher::v1::PublicationChanged;
use contracts::writer::v1::{ContentChanged, TaskCreated};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{self as types, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use prost_types::Timestamp;
use rpc::{Result, timestamp};
use uuid::Uuid;

use crate::content_ideas::collisions;
use crate::schema::igny8_site_pages;

/// What an idea is compared by.
type Told = (Uuid, String, String, bool);

/// A page as an event tells of it.
#[derive(Debug)]
struct Page<'e> {
    id: Uuid,
    site: Uuid,
    kind: CollisionKind,
    task: Option<Uuid>,
    idea: Option<Uuid>,
    title: &'e str,
    primary_keyword: &'e str,
    url: Option<&'e str>,
    changed_at: DateTime<Utc>,
    deleted: bool,
}

/// A task stands for what will be written, until its article is there.
pub async fn task_created(conn: &mut AccountConn, event: &TaskCreated) -> Result<()> {
    let task = rpc::id("task_id", &event.task_id)?;
    let written = igny8_site_pages::table
        .filter(igny8_site_pages::account_id.eq(conn.account().uuid()))
        .filter(igny8_site_pages::task_id.eq(task).and(igny8_site_pages::id.ne(task)));
    if diesel::select(diesel::dsl::exists(written)).get_result(conn).await? {
        return Ok(());
    }
    let page = Page {
        id: task,
        site: rpc::id("site_id", &event.site_id)?,
        kind: CollisionKind::Task,
        task: Some(task),
        idea: optional("content_idea_id", event.content_idea_id.as_deref())?,
        title: &event.title,
        primary_keyword: &event.primary_keyword,
        url: None,
        changed_at: Utc::now(),
        deleted: false,
    };
    store(conn, &page).await
}

/// An article stands in place of its task.
pub async fn content_changed(conn: &mut AccountConn, event: &ContentChanged) -> Result<()> {
    let task = optional("task_id", event.task_id.as_deref())?;
    if let Some(task) = task {
        let row = igny8_site_pages::table.find((conn.account().uuid(), task));
        if diesel::delete(row).execute(conn).await? > 0 {
            collisions::forget(conn, &[task]).await?;
        }
    }
    let live = event.status == "published";
    let page = Page {
        id: rpc::id("content_id", &event.content_id)?,
        site: rpc::id("site_id", &event.site_id)?,
        kind: if live { CollisionKind::Page } else { CollisionKind::Draft },
        task,
        idea: optional("content_idea_id", event.content_idea_id.as_deref())?,
        title: &event.title,
        primary_keyword: &event.primary_keyword,
        url: None,
        changed_at: time(event.changed_at.as_ref()),
        deleted: event.deleted,
    };
    store(conn, &page).await
}

/// A publication makes an article a page, and an unpublished page an article. What else it tells changes neither.
pub async fn publication_changed(conn: &mut AccountConn, event: &PublicationChanged) -> Result<()> {
    let kind = match event.state.as_str() {
        "published" | "drifted" => CollisionKind::Page,
        "unpublished" => CollisionKind::Draft,
        _ => return Ok(()),
    };
    let id = rpc::id("content_id", &event.content_id)?;
    let row = igny8_site_pages::table.find((conn.account().uuid(), id)).select(igny8_site_pages::deleted_at);
    let deleted: Option<Option<DateTime<Utc>>> = row.first(conn).await.optional()?;
    let page = Page {
        id,
        site: rpc::id("site_id", &event.site_id)?,
        kind,
        task: None,
        idea: None,
        title: &event.title,
        primary_keyword: &event.primary_keyword,
        url: event.url.as_deref(),
        changed_at: time(event.changed_at.as_ref()),
        deleted: deleted.flatten().is_some() && kind != CollisionKind::Page,
    };
    store(conn, &page).await
}

const STORE: &str = "
    INSERT INTO igny8_site_pages AS old
        (account_id, id, site_id, kind, task_id, content_idea_id, title, primary_keyword, url, changed_at, deleted_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $11 THEN now() END)
    ON CONFLICT (account_id, id) DO UPDATE SET kind = excluded.kind, task_id = coalesce(excluded.task_id, old.task_id),
        content_idea_id = coalesce(excluded.content_idea_id, old.content_idea_id), title = excluded.title,
        primary_keyword = excluded.primary_keyword, url = coalesce(excluded.url, old.url), changed_at = excluded.changed_at,
        deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(old.deleted_at, excluded.deleted_at) END
    WHERE old.changed_at <= excluded.changed_at";

/// Stores what is newer than what is here, and compares it where that makes a difference.
async fn store(conn: &mut AccountConn, page: &Page<'_>) -> Result<()> {
    let before = told(conn, page.id).await?;
    db::statement(STORE)
        .bind::<types::Uuid, _>(conn.account().uuid())
        .bind::<types::Uuid, _>(page.id)
        .bind::<types::Uuid, _>(page.site)
        .bind::<Text, _>(Stored(page.kind))
        .bind::<Nullable<types::Uuid>, _>(page.task)
        .bind::<Nullable<types::Uuid>, _>(page.idea)
        .bind::<Text, _>(page.title)
        .bind::<Text, _>(page.primary_keyword)
        .bind::<Nullable<Text>, _>(page.url)
        .bind::<Timestamptz, _>(page.changed_at)
        .bind::<types::Bool, _>(page.deleted)
        .execute(conn)
        .await?;
    let after = told(conn, page.id).await?;
    if before == after {
        return Ok(());
    }
    if let Some(idea) = page.idea {
        collisions::no_longer_an_idea(conn, idea).await?;
    }
    // A page that is gone leaves its idea to be compared again.
    match page.idea.filter(|_| page.deleted) {
        Some(idea) => collisions::renew(conn, page.site, &[page.id, idea]).await,
        None => collisions::renew(conn, page.site, &[page.id]).await,
    }
}

async fn told(conn: &mut AccountConn, id: Uuid) -> Result<Option<Told>> {
    let row = igny8_site_pages::table.find((conn.account().uuid(), id)).select((
        igny8_site_pages::site_id,
        igny8_site_pages::title,
        igny8_site_pages::primary_keyword,
        igny8_site_pages::deleted_at.is_not_null(),
    ));
    Ok(row.first(conn).await.optional()?)
}

fn optional(field: &'static str, id: Option<&str>) -> Result<Option<Uuid>> {
    id.map(|id| rpc::id(field, id)).transpose()
}

fn time(time: Option<&Timestamp>) -> DateTime<Utc> {
    time.and_then(timestamp::read).unwrap_or_else(Utc::now)
}
