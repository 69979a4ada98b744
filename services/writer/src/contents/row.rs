//! The row of an article without its text, and the messages of it.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::writer::v1 as pb;
use contracts::writer::v1::ContentStatus;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use uuid::Uuid;

use super::owned_by;
use crate::images;
use crate::schema::igny8_content;

/// One row of `igny8_content`, without its text.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_content)]
pub struct Content {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub task_id: Option<Uuid>,
    pub content_idea_id: Option<Uuid>,
    pub cluster_id: Option<Uuid>,
    pub cluster_name: String,
    pub title: String,
    pub meta_title: String,
    pub meta_description: String,
    pub slug: String,
    pub excerpt: String,
    pub primary_keyword: String,
    pub secondary_keywords: Vec<String>,
    pub tags: Vec<String>,
    pub categories: Vec<String>,
    pub word_count: i32,
    pub claims: Vec<String>,
    pub built_in_draft: bool,
    pub status: Stored<ContentStatus>,
    pub review_note: Option<String>,
    pub revision: i64,
    pub url: Option<String>,
    pub scheduled_for: Option<DateTime<Utc>>,
    pub published_at: Option<DateTime<Utc>>,
    pub publish_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Content {
    pub async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_content::id.eq(id));
        let found = query.filter(igny8_content::deleted_at.is_null()).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("article"))
    }

    /// An article that is about to change, held to the end of the transaction.
    pub async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let locked = Self::lock_all(conn, &[id]).await?;
        locked.into_iter().next().ok_or_else(|| Error::not_found("article"))
    }

    /// Those that are there, by their ids.
    pub(super) async fn lock_all(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        let live = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq_any(ids));
        let live = live.filter(igny8_content::deleted_at.is_null()).order_by(igny8_content::id);
        Ok(live.for_update().select(Self::as_select()).load(conn).await?)
    }

    /// The text of it.
    pub async fn html(&self, conn: &mut AccountConn) -> Result<String> {
        let row = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq(self.id));
        Ok(row.select(igny8_content::html).first(conn).await?)
    }

    /// The event that it is now as it is.
    pub(super) fn changed(&self, images_ready: bool) -> pb::ContentChanged {
        pb::ContentChanged {
            content_id: self.id.to_string(),
            task_id: self.task_id.map(|id| id.to_string()),
            content_idea_id: self.content_idea_id.map(|id| id.to_string()),
            site_id: self.site_id.to_string(),
            sector_id: self.sector_id.to_string(),
            cluster_id: self.cluster_id.map(|id| id.to_string()),
            title: self.title.clone(),
            slug: self.slug.clone(),
            primary_keyword: self.primary_keyword.clone(),
            status: self.status.0.json_name().unwrap_or_default().to_owned(),
            revision: self.revision,
            images_ready,
            deleted: self.deleted_at.is_some(),
            changed_at: Some(timestamp::of(Utc::now())),
        }
    }
}

/// An article as somebody who opens it sees it: with its text.
pub(super) async fn full(conn: &mut AccountConn, content: Content) -> Result<pb::Content> {
    let html = content.html(conn).await?;
    let preview = images::shown(conn, content.id, &html).await?;
    Ok(pb::Content { html: Some(html), preview_html: Some(preview), ..pb::Content::from(content) })
}

/// Without its text.
impl From<Content> for pb::Content {
    #[expect(clippy::too_many_lines, reason = "a line for each field, there and back")]
    fn from(row: Content) -> Self {
        let Content {
            id,
            site_id,
            sector_id,
            task_id,
            content_idea_id,
            cluster_id,
            cluster_name,
            title,
            meta_title,
            meta_description,
            slug,
            excerpt,
            primary_keyword,
            secondary_keywords,
            tags,
            categories,
            word_count,
            claims,
            built_in_draft,
            status,
            review_note,
            revision,
            url,
            scheduled_for,
            published_at,
            publish_error,
            created_at,
            updated_at,
            deleted_at: _,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            task_id: task_id.map(|id| id.to_string()),
            content_idea_id: content_idea_id.map(|id| id.to_string()),
            cluster: cluster_id.map(|id| pb::ClusterOfTask { id: id.to_string(), name: cluster_name }),
            title,
            meta_title,
            meta_description,
            slug,
            excerpt,
            html: None,
            preview_html: None,
            primary_keyword,
            secondary_keywords,
            tags,
            categories,
            word_count,
            claims,
            built_in_draft,
            status: status.0.into(),
            review_note,
            revision,
            url,
            scheduled_for: scheduled_for.map(timestamp::of),
            published_at: published_at.map(timestamp::of),
            publish_error,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}
