//! Deletions of keywords are taken back.

use chrono::{DateTime, Utc};
use db::{AccountConn, OnConstraint};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use serde_json::Value as Json;
use uuid::Uuid;

use super::CONSTRAINTS;
use crate::patience;
use crate::sql::Sql;

/// One keyword. Its place may have been taken since.
pub async fn one(conn: &mut AccountConn, id: Uuid) -> Result<i64> {
    let deleted = Sql::new("k.deleted_at IS NOT NULL AND k.id = ").bind(id);
    match restore(conn, &deleted).await? {
        0 => Err(Error::not_found("keyword")),
        count => Ok(count),
    }
}

/// Those of one bulk deletion, but for those whose place was taken since.
pub async fn many(conn: &mut AccountConn, payload: &Json) -> Result<i64> {
    let at = payload.get("deleted_at").cloned().unwrap_or_default();
    let at: DateTime<Utc> = serde_json::from_value(at).map_err(Error::internal)?;
    patience::take(conn).await?;
    let deleted = Sql::new("k.deleted_at = ").bind(at);
    let free =
        " AND NOT EXISTS (SELECT FROM igny8_keywords o WHERE o.account_id = k.account_id AND o.sector_id = k.sector_id
                 AND o.normalised = k.normalised AND o.country = k.country AND o.deleted_at IS NULL)";
    restore(conn, &deleted.text(free)).await
}

/// A keyword whose cluster was deleted since comes back as a new one.
async fn restore(conn: &mut AccountConn, deleted: &Sql) -> Result<i64> {
    let account = conn.account().uuid();
    let sql = Sql::<BigInt>::new(
        "WITH back AS (
             UPDATE igny8_keywords k SET deleted_at = NULL, cluster_id = o.cluster_id, pinned = k.pinned AND o.cluster_id IS NOT NULL,
                 status = CASE WHEN o.cluster_id IS NULL AND k.status IN ('clustered', 'mapped') THEN 'new' ELSE k.status END
             FROM (SELECT k.id, c.id AS cluster_id FROM igny8_keywords k
                   LEFT JOIN igny8_clusters c ON c.account_id = k.account_id AND c.id = k.cluster_id AND c.deleted_at IS NULL
                   WHERE k.account_id = ",
    );
    let sql =
        sql.bind(account).text(" AND ").add(deleted).text(" FOR UPDATE OF k) o WHERE k.account_id = ").bind(account);
    let sql = sql.text(" AND k.id = o.id RETURNING 1) SELECT count(*) FROM back");
    sql.get_result(conn).await.constraints(CONSTRAINTS)
}
