//! The row of a publication.

use chrono::{DateTime, Utc};
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::{PublicationState, PublicationWork};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::owned_by;
use crate::schema::igny8_publications;
use crate::wordpress::Page;

/// One row of `igny8_publications`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_publications)]
pub struct Publication {
    pub id: Uuid,
    pub site_id: Uuid,
    pub connection_id: Uuid,
    pub content_id: Uuid,
    pub cluster_id: Option<Uuid>,
    pub title: String,
    pub primary_keyword: String,
    pub state: Stored<PublicationState>,
    pub work: Option<Stored<PublicationWork>>,
    pub overwrite: bool,
    pub work_since: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub lease_id: Option<Uuid>,
    pub attempts: i16,
    pub scheduled_for: Option<DateTime<Utc>>,
    pub create_sent_at: Option<DateTime<Utc>>,
    pub tidy_left: i16,
    pub remote_id: Option<i64>,
    pub url: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub published_revision: Option<i64>,
    pub content_revision: i64,
    pub written: Option<Value>,
    pub refused: Value,
    pub drift: Value,
    pub checked_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Publication {
    pub(super) async fn find(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_publications::id.eq(id));
        Ok(query.first(conn).await.optional()?)
    }

    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        Self::find(conn, id).await?.ok_or_else(|| Error::not_found("publication"))
    }

    /// A publication that is about to change, held to the end of the transaction.
    pub(super) async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let row = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::id.eq(id));
        let found = row.for_update().select(Self::as_select()).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("publication"))
    }

    /// The one of an article on a connection, held.
    pub(super) async fn lock_of(conn: &mut AccountConn, connection: Uuid, content: Uuid) -> Result<Option<Self>> {
        let row = igny8_publications::table
            .filter(owned_by(conn))
            .filter(igny8_publications::connection_id.eq(connection))
            .filter(igny8_publications::content_id.eq(content));
        Ok(row.for_update().select(Self::as_select()).first(conn).await.optional()?)
    }

    pub(crate) fn state(&self) -> PublicationState {
        self.state.0
    }

    pub(crate) fn work(&self) -> Option<PublicationWork> {
        self.work.map(|work| work.0)
    }

    /// Whether the page can be read by everybody.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.state(), PublicationState::Published | PublicationState::Drifted)
    }

    /// Whether somebody waits for the work at hand.
    pub(super) fn is_at_work(&self) -> bool {
        self.work().is_some_and(|work| work != PublicationWork::Tidy)
    }

    /// The page as the site answered it when it was last written.
    pub(super) fn written(&self) -> Option<Page> {
        serde_json::from_value(self.written.clone()?).ok()
    }

    /// What its page and its picture's draft carry in a comment.
    pub(super) fn marker(&self) -> String {
        format!("igny8:{}", self.id.simple())
    }
}

impl From<Publication> for pb::Publication {
    fn from(row: Publication) -> Self {
        let visible = row.is_at_work();
        let next_attempt_at = (visible && row.lease_id.is_none()).then(|| timestamp::of(row.due_at));
        let Publication { id, attempts, .. } = row;
        Self {
            id: id.to_string(),
            site_id: row.site_id.to_string(),
            content_id: row.content_id.to_string(),
            connection_id: row.connection_id.to_string(),
            title: row.title,
            state: row.state.0.into(),
            work: row.work.filter(|_| visible).map(|work| work.0.into()),
            url: row.url,
            remote_id: row.remote_id,
            scheduled_for: row.scheduled_for.map(timestamp::of),
            published_at: row.published_at.map(timestamp::of),
            published_revision: row.published_revision,
            content_revision: row.content_revision,
            refused: serde_json::from_value(row.refused).unwrap_or_default(),
            drift: serde_json::from_value(row.drift).unwrap_or_default(),
            checked_at: row.checked_at.map(timestamp::of),
            attempts: attempts.into(),
            next_attempt_at,
            reason: row.reason,
            error_message: row.error_message,
            progress_url: format!("/api/v1/system/settings/task_progress/{id}/"),
            created_at: Some(timestamp::of(row.created_at)),
            updated_at: Some(timestamp::of(row.updated_at)),
        }
    }
}
