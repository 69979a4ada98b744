//! What an article was at each of its revisions, who made it and why.

use chrono::{DateTime, Utc};
use contracts::writer::v1 as pb;
use db::{AccountConn, Page};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result, timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::Content;
use crate::schema::igny8_content_revisions;

/// Who made a revision, and why.
#[derive(Debug, Clone, Default)]
pub struct Why {
    /// A sentence.
    pub reason: String,
    pub user: Option<Uuid>,
    pub api_key: Option<Uuid>,
    /// Of the job that wrote it.
    pub receipt: Option<pb::WorkReceipt>,
}

impl Why {
    /// A person or program did it.
    pub fn of(caller: &Caller, reason: &str) -> Self {
        Self { reason: reason.to_owned(), user: caller.user(), api_key: caller.api_key(), receipt: None }
    }
}

/// One row of `igny8_content_revisions`, without its text.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_content_revisions)]
struct Revision {
    content_id: Uuid,
    number: i64,
    change_reason: String,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    receipt: Option<Value>,
    title: String,
    meta_title: String,
    meta_description: String,
    slug: String,
    excerpt: String,
    primary_keyword: String,
    secondary_keywords: Vec<String>,
    tags: Vec<String>,
    categories: Vec<String>,
    word_count: i32,
    created_at: DateTime<Utc>,
}

const APPEND: &str = "
    INSERT INTO igny8_content_revisions (account_id, content_id, number, site_id, change_reason, user_id, api_key_id, receipt,
        title, meta_title, meta_description, slug, excerpt, html, primary_keyword, secondary_keywords, tags, categories, word_count)
    SELECT account_id, id, revision, site_id, $3, $4, $5, $6,
        title, meta_title, meta_description, slug, excerpt, html, primary_keyword, secondary_keywords, tags, categories, word_count
    FROM igny8_content WHERE account_id = $1 AND id = $2";

/// Keeps an article as it is now as its newest revision.
pub(super) async fn append(conn: &mut AccountConn, content: Uuid, why: &Why) -> Result<()> {
    let receipt = why.receipt.as_ref().map(serde_json::to_value).transpose().map_err(Error::internal)?;
    db::statement(APPEND)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(content)
        .bind::<Text, _>(&why.reason)
        .bind::<Nullable<SqlUuid>, _>(why.user)
        .bind::<Nullable<SqlUuid>, _>(why.api_key)
        .bind::<Nullable<Jsonb>, _>(receipt)
        .execute(conn)
        .await?;
    Ok(())
}

/// The revisions of an article, the newest first.
pub(super) async fn page(conn: &mut AccountConn, id: Uuid, page: Page) -> Result<pb::ListContentRevisionsResponse> {
    let content = Content::get(conn, id).await?;
    let rows: Vec<Revision> = Revision::query()
        .filter(owned_by(conn))
        .filter(igny8_content_revisions::content_id.eq(id))
        .order_by(igny8_content_revisions::number.desc())
        .limit(page.limit)
        .offset(page.offset)
        .load(conn)
        .await?;
    let results = rows.into_iter().map(pb::ContentRevision::try_from).collect::<Result<_>>()?;
    // Each change appends one, and none goes.
    Ok(pb::ListContentRevisionsResponse { results, count: content.revision, count_is_exact: true })
}

/// One revision with its text.
pub(super) async fn get(conn: &mut AccountConn, id: Uuid, number: i64) -> Result<pb::ContentRevision> {
    Content::get(conn, id).await?;
    let row = igny8_content_revisions::table
        .filter(owned_by(conn))
        .filter(igny8_content_revisions::content_id.eq(id).and(igny8_content_revisions::number.eq(number)))
        .select((Revision::as_select(), igny8_content_revisions::html));
    let found: Option<(Revision, String)> = row.first(conn).await.optional()?;
    let (revision, html) = found.ok_or_else(|| Error::not_found("revision"))?;
    Ok(pb::ContentRevision { html: Some(html), ..pb::ContentRevision::try_from(revision)? })
}

/// The number in a path.
pub(super) fn number(text: &str) -> Result<i64> {
    text.parse().map_err(|_| Error::not_found("revision"))
}

/// Without its text.
impl TryFrom<Revision> for pb::ContentRevision {
    type Error = Error;

    fn try_from(row: Revision) -> Result<Self> {
        let Revision {
            content_id,
            number,
            change_reason,
            user_id,
            api_key_id,
            receipt,
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
            created_at,
        } = row;
        Ok(Self {
            content_id: content_id.to_string(),
            number,
            change_reason,
            user_id: user_id.map(|id| id.to_string()),
            api_key_id: api_key_id.map(|id| id.to_string()),
            receipt: receipt.map(serde_json::from_value).transpose().map_err(Error::internal)?,
            title,
            meta_title,
            meta_description,
            slug,
            excerpt,
            html: None,
            primary_keyword,
            secondary_keywords,
            tags,
            categories,
            word_count,
            created_at: Some(timestamp::of(created_at)),
        })
    }
}

fn owned_by(conn: &AccountConn) -> Eq<igny8_content_revisions::account_id, Uuid> {
    igny8_content_revisions::account_id.eq(conn.account().uuid())
}
