//! The row of a task, and the message with its article.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::planner::v1::{ContentStructure, ContentType};
use contracts::writer::v1 as pb;
use contracts::writer::v1::TaskStatus;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use uuid::Uuid;

use super::owned_by;
use crate::schema::{igny8_content, igny8_tasks};

/// One row of `igny8_tasks`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_tasks)]
pub struct Task {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub content_idea_id: Option<Uuid>,
    pub cluster_id: Option<Uuid>,
    pub cluster_name: String,
    pub title: String,
    pub description: String,
    pub content_type: Stored<ContentType>,
    pub structure: Stored<ContentStructure>,
    pub primary_keyword: String,
    pub secondary_keywords: Vec<String>,
    pub keyword_ids: Vec<Uuid>,
    pub outline: Vec<String>,
    pub word_count: i32,
    pub author_profile_id: Option<Uuid>,
    pub due_at: Option<DateTime<Utc>>,
    pub status: Stored<TaskStatus>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A new one.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = igny8_tasks)]
pub(super) struct New {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sector_id: Uuid,
    pub(super) content_idea_id: Option<Uuid>,
    pub(super) cluster_id: Option<Uuid>,
    pub(super) cluster_name: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) content_type: Stored<ContentType>,
    pub(super) structure: Stored<ContentStructure>,
    pub(super) primary_keyword: String,
    pub(super) secondary_keywords: Vec<String>,
    pub(super) keyword_ids: Vec<Uuid>,
    pub(super) outline: Vec<String>,
    pub(super) word_count: i32,
    pub(super) author_profile_id: Option<Uuid>,
    pub(super) due_at: Option<DateTime<Utc>>,
}

/// Writes a new task and tells of it.
pub(super) async fn insert(conn: &mut AccountConn, new: New) -> Result<Task> {
    let idea = new.content_idea_id;
    insert_once(conn, new).await?.ok_or_else(|| Error::internal(anyhow::anyhow!("the idea {idea:?} has a task")))
}

/// Nothing where the idea has a task already.
pub(super) async fn insert_once(conn: &mut AccountConn, new: New) -> Result<Option<Task>> {
    let task: Option<Task> = diesel::insert_into(igny8_tasks::table)
        .values((igny8_tasks::account_id.eq(conn.account().uuid()), new))
        .on_conflict((igny8_tasks::account_id, igny8_tasks::content_idea_id))
        .do_nothing()
        .returning(Task::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    if let Some(task) = &task {
        bus::push(conn, task.id, &task.created()).await?;
    }
    Ok(task)
}

impl Task {
    pub async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_tasks::id.eq(id));
        let found = query.filter(igny8_tasks::deleted_at.is_null()).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("task"))
    }

    /// A task that is about to change, held to the end of the transaction.
    pub async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let locked = Self::lock_all(conn, &[id]).await?;
        locked.into_iter().next().ok_or_else(|| Error::not_found("task"))
    }

    /// Those that are there, by their ids.
    pub async fn lock_all(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        let live = igny8_tasks::table.filter(owned_by(conn)).filter(igny8_tasks::id.eq_any(ids));
        let live = live.filter(igny8_tasks::deleted_at.is_null()).order_by(igny8_tasks::id);
        Ok(live.for_update().select(Self::as_select()).load(conn).await?)
    }

    fn created(&self) -> pb::TaskCreated {
        pb::TaskCreated {
            task_id: self.id.to_string(),
            site_id: self.site_id.to_string(),
            sector_id: self.sector_id.to_string(),
            content_idea_id: self.content_idea_id.map(|id| id.to_string()),
            cluster_id: self.cluster_id.map(|id| id.to_string()),
            title: self.title.clone(),
            primary_keyword: self.primary_keyword.clone(),
        }
    }
}

/// One task as people see it.
pub(super) async fn message(conn: &mut AccountConn, task: Task) -> Result<pb::Task> {
    let messages = messages(conn, vec![task]).await?;
    messages.into_iter().next().ok_or_else(|| Error::not_found("task"))
}

/// Tasks with their articles, in their order.
pub(super) async fn messages(conn: &mut AccountConn, tasks: Vec<Task>) -> Result<Vec<pb::Task>> {
    let ids: Vec<Uuid> = tasks.iter().map(|task| task.id).collect();
    let articles: HashMap<Option<Uuid>, Uuid> = igny8_content::table
        .filter(igny8_content::account_id.eq(conn.account().uuid()))
        .filter(igny8_content::task_id.eq_any(ids))
        .filter(igny8_content::deleted_at.is_null())
        .select((igny8_content::task_id, igny8_content::id))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let full = tasks.into_iter().map(|task| {
        let content_id = articles.get(&Some(task.id)).map(Uuid::to_string);
        pb::Task { content_id, ..pb::Task::from(task) }
    });
    Ok(full.collect())
}

/// Without what stands in other tables.
impl From<Task> for pb::Task {
    fn from(row: Task) -> Self {
        let Task {
            id,
            site_id,
            sector_id,
            content_idea_id,
            cluster_id,
            cluster_name,
            title,
            description,
            content_type,
            structure,
            primary_keyword,
            secondary_keywords,
            keyword_ids,
            outline,
            word_count,
            author_profile_id,
            due_at,
            status,
            error_message,
            created_at,
            updated_at,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            content_idea_id: content_idea_id.map(|id| id.to_string()),
            cluster: cluster_id.map(|id| pb::ClusterOfTask { id: id.to_string(), name: cluster_name }),
            title,
            description,
            content_type: content_type.0.into(),
            structure: structure.0.into(),
            primary_keyword,
            secondary_keywords,
            keyword_ids: keyword_ids.iter().map(Uuid::to_string).collect(),
            outline,
            word_count,
            author_profile_id: author_profile_id.map(|id| id.to_string()),
            due_at: due_at.map(timestamp::of),
            status: status.0.into(),
            content_id: None,
            error_message,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}
