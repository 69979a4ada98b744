//! Putting clusters together, and taking one apart. Both are moves by hand of many keywords.

use db::AccountConn;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::{Cluster, New, moves};
use crate::{patience, site_copies};

/// The keywords and ideas of the others become those of the first one, and what once kept them apart is forgotten.
const MERGE: [&str; 4] = [
    "UPDATE igny8_keywords SET cluster_id = $2, pinned = true, cluster_confidence = 1, cluster_evidence = 'merged by hand', updated_at = now()
     WHERE account_id = $1 AND cluster_id = ANY($3)",
    "UPDATE igny8_content_ideas SET cluster_id = $2 WHERE account_id = $1 AND cluster_id = ANY($3)",
    "DELETE FROM igny8_keyword_moves m USING igny8_keywords k
     WHERE m.account_id = $1 AND k.account_id = $1 AND k.id = m.keyword_id AND k.cluster_id = $2
       AND (m.from_cluster_id = $2 OR m.from_cluster_id = ANY($3))",
    "UPDATE igny8_clusters SET deleted_at = now() WHERE account_id = $1 AND id = ANY($3) AND id <> $2",
];

/// Merges clusters of one sector into the first one.
pub(super) async fn merge(conn: &mut AccountConn, clusters: &[Uuid]) -> Result<Cluster> {
    let locked = Cluster::lock_all(conn, clusters).await?;
    let first = clusters.first().and_then(|first| locked.iter().find(|cluster| cluster.id == *first));
    let Some(first) = first.filter(|_| locked.len() == clusters.len() && locked.len() > 1) else {
        return Err(Error::invalid(
            "cluster_ids",
            "Name two clusters or more. Some of these are the same or were deleted.",
        ));
    };
    if locked.iter().any(|cluster| cluster.sector_id != first.sector_id) {
        return Err(Error::invalid(
            "cluster_ids",
            "These clusters are in different sectors. Merge clusters of one sector.",
        ));
    }
    site_copies::active(conn, first.site_id).await?;
    patience::take(conn).await?;
    let others: Vec<Uuid> = clusters.iter().copied().filter(|id| *id != first.id).collect();
    for statement in MERGE {
        db::statement(statement)
            .bind::<SqlUuid, _>(conn.account().uuid())
            .bind::<SqlUuid, _>(first.id)
            .bind::<Array<SqlUuid>, _>(others.as_slice())
            .execute(conn)
            .await?;
    }
    Cluster::get(conn, first.id).await
}

/// Moves keywords of a cluster into a new one.
pub(super) async fn split(conn: &mut AccountConn, id: Uuid, name: &str, keywords: &[Uuid]) -> Result<Cluster> {
    let whole = Cluster::lock(conn, id).await?;
    site_copies::active(conn, whole.site_id).await?;
    if moves::count_in(conn, id, keywords).await? != keywords.len() {
        return Err(Error::invalid("keyword_ids", "Some of these keywords are not in this cluster. Look at it again."));
    }
    let part = Uuid::now_v7();
    New { id: part, site_id: whole.site_id, sector_id: whole.sector_id, name }.insert(conn, &whole.topic, "").await?;
    let part = Cluster::lock(conn, part).await?;
    moves::into(conn, &part, keywords).await?;
    Cluster::get(conn, part.id).await
}
