//! The row of an import.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{DuplicatePolicy, ImportFormat, ImportState};
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::prepare::Found;
use super::{New, owned_by};
use crate::schema::igny8_keyword_imports;
use crate::site_copies;

/// One row of `igny8_keyword_imports`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_keyword_imports)]
pub(super) struct Import {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sector_id: Uuid,
    pub(super) state: Stored<ImportState>,
    pub(super) file_name: String,
    pub(super) format: Option<Stored<ImportFormat>>,
    pub(super) encoding: String,
    pub(super) delimiter: String,
    pub(super) country: String,
    pub(super) fields: Value,
    pub(super) preview: Value,
    pub(super) warnings: Vec<String>,
    pub(super) row_count: i64,
    pub(super) keyword_count: i64,
    pub(super) joined_count: i64,
    pub(super) rejected_count: i64,
    pub(super) new_count: i64,
    pub(super) duplicate_count: i64,
    pub(super) updated_count: i64,
    pub(super) duplicates: Option<Stored<DuplicatePolicy>>,
    pub(super) percent: i16,
    pub(super) reason: Option<String>,
    pub(super) message: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) finished_at: Option<DateTime<Utc>>,
}

impl From<Import> for pb::KeywordImport {
    fn from(import: Import) -> Self {
        let Import {
            id,
            site_id,
            sector_id,
            state,
            file_name,
            format,
            encoding,
            delimiter,
            country,
            fields,
            preview,
            warnings,
            row_count,
            keyword_count,
            joined_count,
            rejected_count,
            new_count,
            duplicate_count,
            updated_count,
            duplicates,
            percent,
            reason,
            message,
            created_at,
            updated_at,
            finished_at,
        } = import;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            state: state.0.into(),
            file_name,
            format: format.map_or_else(i32::default, |format| format.0.into()),
            encoding,
            delimiter,
            country,
            columns: serde_json::from_value(fields).unwrap_or_default(),
            preview: serde_json::from_value(preview).unwrap_or_default(),
            counts: Some(pb::ImportCounts {
                rows: row_count,
                keywords: keyword_count,
                joined: joined_count,
                rejected: rejected_count,
                new: new_count,
                duplicate: duplicate_count,
                updated: updated_count,
            }),
            warnings,
            duplicates: duplicates.map(|policy| policy.0.into()),
            percent: percent.into(),
            reason,
            message,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
            finished_at: finished_at.map(timestamp::of),
        }
    }
}

impl Import {
    pub(super) async fn insert(conn: &mut AccountConn, new: &New) -> Result<Uuid> {
        site_copies::writable(conn, new.target.site, new.target.sector).await?;
        let id = Uuid::now_v7();
        diesel::insert_into(igny8_keyword_imports::table)
            .values((
                igny8_keyword_imports::account_id.eq(conn.account().uuid()),
                igny8_keyword_imports::id.eq(id),
                igny8_keyword_imports::site_id.eq(new.target.site),
                igny8_keyword_imports::sector_id.eq(new.target.sector),
                igny8_keyword_imports::file_name.eq(&new.file_name),
                igny8_keyword_imports::country.eq(&new.target.country),
            ))
            .execute(conn)
            .await?;
        Ok(id)
    }

    pub(super) async fn find(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        let found = Self::query().filter(owned_by(conn)).filter(igny8_keyword_imports::id.eq(id)).first(conn).await;
        Ok(found.optional()?)
    }

    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        Self::find(conn, id).await?.ok_or_else(missing)
    }

    /// The same, and nobody else changes it until the transaction ends.
    pub(super) async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_keyword_imports::id.eq(id));
        query.for_update().first(conn).await.optional()?.ok_or_else(missing)
    }

    pub(super) async fn delete(conn: &mut AccountConn, id: Uuid) -> Result<()> {
        let row = igny8_keyword_imports::table.filter(owned_by(conn)).filter(igny8_keyword_imports::id.eq(id));
        diesel::delete(row).execute(conn).await?;
        Ok(())
    }

    /// Keeps what reading the file found.
    pub(super) async fn show(conn: &mut AccountConn, id: Uuid, found: &Found, new_keywords: i64) -> Result<Self> {
        use crate::schema::igny8_keyword_imports::dsl;
        let row =
            dsl::igny8_keyword_imports.filter(owned_by(conn)).filter(dsl::id.eq(id)).filter(dsl::state.eq("reading"));
        let shown = diesel::update(row)
            .set((
                dsl::state.eq("previewed"),
                dsl::format.eq(found.format.json_name()),
                dsl::encoding.eq(found.encoding),
                dsl::delimiter.eq(&found.delimiter),
                dsl::country.eq(&found.country),
                dsl::fields.eq(serde_json::to_value(&found.columns).map_err(Error::internal)?),
                dsl::preview.eq(serde_json::to_value(&found.preview).map_err(Error::internal)?),
                dsl::warnings.eq(&found.warnings),
                dsl::row_count.eq(found.rows),
                dsl::keyword_count.eq(found.keywords),
                dsl::joined_count.eq(found.joined),
                dsl::rejected_count.eq(found.rejected),
                dsl::new_count.eq(new_keywords),
                dsl::duplicate_count.eq(found.keywords - new_keywords),
                dsl::updated_at.eq(now),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
            .await;
        shown.optional()?.ok_or_else(missing)
    }
}

pub(super) fn missing() -> Error {
    Error::not_found("import")
}
