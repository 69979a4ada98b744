//! Moves by hand. They are pinned: no later clustering takes such a keyword away, and it is told to keep what stayed apart.

use db::AccountConn;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::Cluster;
use crate::schema::igny8_keywords;
use crate::site_copies;

/// Remembers where the keywords come from, then moves and pins them. What has an idea or was put aside stays so.
const MOVE: &str = "
    WITH moving AS (
        SELECT id, site_id, cluster_id FROM igny8_keywords
        WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NULL ORDER BY id FOR UPDATE
    ), origin AS (
        INSERT INTO igny8_keyword_moves (account_id, keyword_id, site_id, from_cluster_id)
        SELECT $1, id, site_id, cluster_id FROM moving WHERE cluster_id IS NOT NULL AND cluster_id IS DISTINCT FROM $3
        ON CONFLICT (account_id, keyword_id) DO UPDATE SET from_cluster_id = excluded.from_cluster_id, moved_at = now()
    ), moved AS (
        UPDATE igny8_keywords k SET cluster_id = $3, pinned = true, updated_at = now(),
            cluster_confidence = CASE WHEN $3 IS NULL THEN NULL ELSE 1 END,
            cluster_evidence = CASE WHEN $3 IS NULL THEN NULL ELSE 'moved by hand' END,
            status = CASE WHEN k.status NOT IN ('new', 'clustered') THEN k.status WHEN $3 IS NULL THEN 'new' ELSE 'clustered' END
        FROM moving WHERE k.account_id = $1 AND k.id = moving.id
        RETURNING k.id
    )
    SELECT count(*) AS count FROM moved";

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Moves keywords of the same sector into a cluster that is locked, and answers how many.
pub(super) async fn into(conn: &mut AccountConn, cluster: &Cluster, keywords: &[Uuid]) -> Result<i64> {
    site_copies::active(conn, cluster.site_id).await?;
    let here = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(conn.account().uuid()))
        .filter(igny8_keywords::id.eq_any(keywords))
        .filter(igny8_keywords::sector_id.eq(cluster.sector_id))
        .filter(igny8_keywords::deleted_at.is_null());
    let here: i64 = here.count().get_result(conn).await?;
    if usize::try_from(here).ok() != Some(keywords.len()) {
        let message = "Some of these keywords are in another sector, or were deleted. A cluster holds keywords of its own sector.";
        return Err(Error::invalid("keyword_ids", message));
    }
    run(conn, keywords, Some(cluster.id)).await
}

/// Takes keywords out of their clusters, and answers how many.
pub(super) async fn out(conn: &mut AccountConn, keywords: &[Uuid]) -> Result<i64> {
    let rows = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(conn.account().uuid()))
        .filter(igny8_keywords::id.eq_any(keywords))
        .filter(igny8_keywords::deleted_at.is_null());
    let sites: Vec<Uuid> = rows.select(igny8_keywords::site_id).distinct().load(conn).await?;
    if sites.is_empty() {
        return Err(Error::invalid("keyword_ids", "None of these keywords is here. They may have been deleted."));
    }
    for site in sites {
        site_copies::active(conn, site).await?;
    }
    run(conn, keywords, None).await
}

async fn run(conn: &mut AccountConn, keywords: &[Uuid], cluster: Option<Uuid>) -> Result<i64> {
    let moved: Moved = db::statement(MOVE)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<Array<SqlUuid>, _>(keywords)
        .bind::<Nullable<SqlUuid>, _>(cluster)
        .get_result(conn)
        .await?;
    Ok(moved.count)
}

/// How many of the keywords are in a cluster.
pub(super) async fn count_in(conn: &mut AccountConn, cluster: Uuid, keywords: &[Uuid]) -> Result<usize> {
    let inside = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(conn.account().uuid()))
        .filter(igny8_keywords::id.eq_any(keywords))
        .filter(igny8_keywords::cluster_id.eq(cluster))
        .filter(igny8_keywords::deleted_at.is_null());
    let count: i64 = inside.count().get_result(conn).await?;
    usize::try_from(count).map_err(Error::internal)
}
