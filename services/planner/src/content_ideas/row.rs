//! The row of an idea, and the message with what it collides with.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::{ContentIdeaStatus, ContentStructure, ContentType};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use uuid::Uuid;

use super::{collisions, owned_by};
use crate::schema::{igny8_clusters, igny8_content_ideas};

/// Rows in one statement: PostgreSQL takes 65,535 values.
const BATCH: usize = 1000;

/// One row of `igny8_content_ideas`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_content_ideas)]
pub struct ContentIdea {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub cluster_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
    pub title: String,
    pub description: String,
    pub content_type: Stored<ContentType>,
    pub structure: Stored<ContentStructure>,
    pub primary_keyword: String,
    pub keyword_ids: Vec<Uuid>,
    pub outline: Vec<String>,
    pub word_count: i32,
    pub status: Stored<ContentIdeaStatus>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A new one.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = igny8_content_ideas)]
pub(super) struct New {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sector_id: Uuid,
    pub(super) cluster_id: Option<Uuid>,
    pub(super) request_id: Option<Uuid>,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) content_type: Stored<ContentType>,
    pub(super) structure: Stored<ContentStructure>,
    pub(super) primary_keyword: String,
    pub(super) keyword_ids: Vec<Uuid>,
    pub(super) outline: Vec<String>,
    pub(super) word_count: i32,
}

/// Writes new ideas, and marks their clusters and keywords as mapped.
pub(super) async fn insert(conn: &mut AccountConn, ideas: Vec<New>) -> Result<()> {
    let account = conn.account().uuid();
    let clusters: Vec<Uuid> = ideas.iter().filter_map(|idea| idea.cluster_id).collect();
    let keywords: Vec<Uuid> = ideas.iter().flat_map(|idea| idea.keyword_ids.iter().copied()).collect();
    for batch in ideas.chunks(BATCH) {
        let rows: Vec<_> =
            batch.iter().map(|idea| (igny8_content_ideas::account_id.eq(account), idea.clone())).collect();
        diesel::insert_into(igny8_content_ideas::table).values(rows).execute(conn).await?;
    }
    for (statement, ids) in [(MAP_CLUSTERS, clusters), (MAP_KEYWORDS, keywords)] {
        db::statement(statement)
            .bind::<diesel::sql_types::Uuid, _>(account)
            .bind::<diesel::sql_types::Array<diesel::sql_types::Uuid>, _>(ids)
            .execute(conn)
            .await?;
    }
    Ok(())
}

const MAP_CLUSTERS: &str = "UPDATE igny8_clusters SET status = 'mapped', updated_at = now() WHERE account_id = $1 AND id = ANY($2) AND status = 'new'";
const MAP_KEYWORDS: &str = "UPDATE igny8_keywords SET status = 'mapped', updated_at = now()
     WHERE account_id = $1 AND id = ANY($2) AND status IN ('new', 'clustered') AND deleted_at IS NULL";

impl ContentIdea {
    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_content_ideas::id.eq(id));
        let found = query.filter(igny8_content_ideas::deleted_at.is_null()).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("content idea"))
    }

    /// An idea that is about to change, held to the end of the transaction.
    pub(super) async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let locked = Self::lock_all(conn, &[id]).await?;
        locked.into_iter().next().ok_or_else(|| Error::not_found("content idea"))
    }

    /// Those that are there, by their ids.
    pub(super) async fn lock_all(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        let live = igny8_content_ideas::table.filter(owned_by(conn)).filter(igny8_content_ideas::id.eq_any(ids));
        let live = live.filter(igny8_content_ideas::deleted_at.is_null()).order_by(igny8_content_ideas::id);
        Ok(live.for_update().select(Self::as_select()).load(conn).await?)
    }
}

/// One idea as people see it.
pub(super) async fn message(conn: &mut AccountConn, idea: ContentIdea) -> Result<pb::ContentIdea> {
    let messages = messages(conn, vec![idea]).await?;
    messages.into_iter().next().ok_or_else(|| Error::not_found("content idea"))
}

/// Ideas with the names of their clusters and what they collide with, in their order.
pub(super) async fn messages(conn: &mut AccountConn, ideas: Vec<ContentIdea>) -> Result<Vec<pb::ContentIdea>> {
    let clusters: Vec<Uuid> = ideas.iter().filter_map(|idea| idea.cluster_id).collect();
    let names: HashMap<Uuid, String> = igny8_clusters::table
        .filter(igny8_clusters::account_id.eq(conn.account().uuid()))
        .filter(igny8_clusters::id.eq_any(clusters))
        .select((igny8_clusters::id, igny8_clusters::name))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let ids: Vec<Uuid> = ideas.iter().map(|idea| idea.id).collect();
    let mut collisions = collisions::of(conn, &ids).await?;
    let full = ideas.into_iter().map(|idea| {
        let cluster = idea.cluster_id.and_then(|id| names.get(&id).map(|name| (id, name.clone())));
        let cluster = cluster.map(|(id, name)| pb::IdeaOfCluster { id: id.to_string(), name });
        let collisions = collisions.remove(&idea.id).unwrap_or_default();
        pb::ContentIdea { cluster, collisions, ..pb::ContentIdea::from(idea) }
    });
    Ok(full.collect())
}

/// Without what stands in other tables.
impl From<ContentIdea> for pb::ContentIdea {
    fn from(row: ContentIdea) -> Self {
        let ContentIdea {
            id,
            site_id,
            sector_id,
            cluster_id: _,
            request_id,
            title,
            description,
            content_type,
            structure,
            primary_keyword,
            keyword_ids,
            outline,
            word_count,
            status,
            created_at,
            updated_at,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            cluster: None,
            title,
            description,
            content_type: content_type.0.into(),
            structure: structure.0.into(),
            primary_keyword,
            keyword_ids: keyword_ids.iter().map(Uuid::to_string).collect(),
            outline,
            word_count,
            status: status.0.into(),
            collisions: Vec::new(),
            task_id: request_id.map(|id| id.to_string()),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}
