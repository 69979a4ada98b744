//! One keyword is made, changed or deleted.

use contracts::planner::v1 as pb;
use contracts::rest::v1::Deleted;
use db::{AccountConn, OnConstraint, undo};
use diesel::sql_types as types;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use serde_json::Value as Json;
use uuid::Uuid;

use super::CONSTRAINTS;
use super::input::{Change, New};
use super::row::{Columns, Keyword, SELECTED};
use crate::site_copies;
use crate::sql::{Sql, Value};

pub(super) async fn insert(conn: &mut AccountConn, (site, sector): (Uuid, Uuid), new: New) -> Result<pb::Keyword> {
    site_copies::writable(conn, site, sector).await?;
    let quality = new.volume.map(|_| "exact".to_owned());
    let columns: [(&str, Value); 15] = [
        ("account_id", conn.account().uuid().into()),
        ("id", Uuid::now_v7().into()),
        ("site_id", site.into()),
        ("sector_id", sector.into()),
        ("keyword", new.keyword.into()),
        ("normalised", new.normalised.into()),
        ("country", new.country.into()),
        ("language", new.language.into()),
        ("volume", new.volume.into()),
        ("volume_quality", quality.into()),
        ("difficulty", new.difficulty.into()),
        ("cpc_micros", new.cpc_micros.into()),
        ("competition", new.competition.into()),
        ("intents", new.intents.clone().into()),
        ("tags", new.tags.into()),
    ];
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut sql = Sql::<Columns>::new(&format!("WITH k AS (INSERT INTO igny8_keywords ({names}, intent) VALUES ("));
    for (_, value) in columns {
        sql = sql.bind(value).text(", ");
    }
    let sql = sql.bind(new.intents.as_slice().first().cloned());
    let sql = sql.text(&format!(") RETURNING *) SELECT {SELECTED} FROM k"));
    let keyword: Keyword = sql.get_result(conn).await.constraints(CONSTRAINTS)?;
    Ok(keyword.into())
}

pub(super) async fn update(conn: &mut AccountConn, id: Uuid, change: &Change) -> Result<pb::Keyword> {
    lock(conn, id).await?;
    let sql = Sql::<Columns>::new("WITH k AS (UPDATE igny8_keywords k SET ").add(&change.assignments());
    let sql = sql.text(" WHERE k.account_id = ").bind(conn.account().uuid()).text(" AND k.id = ").bind(id);
    let sql = sql.text(&format!(" AND k.deleted_at IS NULL RETURNING *) SELECT {SELECTED} FROM k"));
    let keyword: Keyword = sql.get_result(conn).await.constraints(CONSTRAINTS)?;
    Ok(keyword.into())
}

pub(super) async fn delete(conn: &mut AccountConn, id: Uuid) -> Result<Deleted> {
    lock(conn, id).await?;
    db::statement("UPDATE igny8_keywords SET deleted_at = now() WHERE account_id = $1 AND id = $2")
        .bind::<types::Uuid, _>(conn.account().uuid())
        .bind::<types::Uuid, _>(id)
        .execute(conn)
        .await?;
    undo::push(conn, "keyword", id, &Json::Null).await
}

/// Holds a keyword of an active site to the end of the transaction.
async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let sql = Sql::<types::Bool>::new(
        "SELECT s.active FROM igny8_keywords k
         JOIN igny8_site_copies s ON s.account_id = k.account_id AND s.id = k.site_id WHERE k.account_id = ",
    );
    let sql = sql.bind(conn.account().uuid()).text(" AND k.id = ").bind(id);
    let found: Vec<bool> = sql.text(" AND k.deleted_at IS NULL FOR UPDATE OF k").load(conn).await?;
    match found.into_iter().next() {
        None => Err(Error::not_found("keyword")),
        Some(false) => Err(site_copies::inactive()),
        Some(true) => Ok(()),
    }
}
