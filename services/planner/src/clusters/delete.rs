//! Deleting clusters, and taking that back. Their keywords stay, as new ones.

use contracts::planner::v1 as pb;
use db::{AccountConn, undo};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Cluster, selected};
use crate::{patience, site_copies};

const DELETE: [&str; 3] = [
    "INSERT INTO igny8_deleted_cluster_keywords (account_id, cluster_id, keyword_id, site_id, status, confidence, evidence, pinned)
     SELECT $1, cluster_id, id, site_id, status, cluster_confidence, cluster_evidence, pinned
     FROM igny8_keywords WHERE account_id = $1 AND cluster_id = ANY($2) AND deleted_at IS NULL
     ON CONFLICT DO NOTHING",
    "UPDATE igny8_keywords SET cluster_id = NULL, cluster_confidence = NULL, cluster_evidence = NULL, pinned = false, updated_at = now(),
         status = CASE WHEN status = 'clustered' THEN 'new' ELSE status END
     WHERE account_id = $1 AND cluster_id = ANY($2)",
    "UPDATE igny8_clusters SET deleted_at = now() WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NULL",
];

/// A keyword that has found another cluster since stays there.
const RESTORE: [&str; 3] = [
    "UPDATE igny8_keywords k SET cluster_id = d.cluster_id, cluster_confidence = d.confidence, cluster_evidence = d.evidence,
         pinned = d.pinned, updated_at = now(), status = CASE WHEN k.status = 'new' THEN d.status ELSE k.status END
     FROM igny8_deleted_cluster_keywords d
     WHERE d.account_id = $1 AND d.cluster_id = ANY($2) AND k.account_id = $1 AND k.id = d.keyword_id
       AND k.cluster_id IS NULL AND NOT k.pinned AND k.deleted_at IS NULL",
    "DELETE FROM igny8_deleted_cluster_keywords WHERE account_id = $1 AND cluster_id = ANY($2)",
    "UPDATE igny8_clusters SET deleted_at = NULL WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NOT NULL",
];

/// Deletes clusters that are locked.
pub(super) async fn delete(conn: &mut AccountConn, clusters: &[Uuid]) -> Result<()> {
    patience::take(conn).await?;
    for statement in DELETE {
        run(conn, statement, clusters).await?;
    }
    Ok(())
}

/// Deletes what a selection means.
pub(super) async fn many(
    conn: &mut AccountConn,
    caller: &Caller,
    selection: &pb::ClusterSelection,
) -> Result<pb::DeletedClusters> {
    let found = selected(conn, selection).await?;
    let locked = Cluster::lock_all(conn, &found).await?;
    let sites: std::collections::BTreeSet<Uuid> = locked.iter().map(|cluster| cluster.site_id).collect();
    for site in sites {
        site_copies::active(conn, site).await?;
    }
    let clusters: Vec<Uuid> = locked.iter().map(|cluster| cluster.id).collect();
    delete(conn, &clusters).await?;
    let count = clusters.len();
    db::audit::record(conn, caller, "clusters.deleted", None, [("count", count.to_string())]).await?;
    let token = undo::push(conn, "clusters", Uuid::nil(), &json!({ "ids": clusters })).await?;
    Ok(pb::DeletedClusters {
        count: i64::try_from(count).map_err(Error::internal)?,
        undo_token: token.undo_token,
        undo_until: token.undo_until,
    })
}

/// Takes the deletion of a cluster, or of those in `payload`, back, and answers how many came back.
pub async fn restore(conn: &mut AccountConn, id: Uuid, payload: &Value) -> Result<i64> {
    let clusters = deleted_ids(id, payload)?;
    patience::take(conn).await?;
    // The cluster first: its keywords are counted into it.
    let [keywords, remembered, cluster] = RESTORE;
    let restored = run(conn, cluster, &clusters).await?;
    run(conn, keywords, &clusters).await?;
    run(conn, remembered, &clusters).await?;
    if restored == 0 {
        return Err(Error::not_found("cluster"));
    }
    i64::try_from(restored).map_err(Error::internal)
}

/// What an undo token stands for: one id, or the `ids` of its payload.
pub(crate) fn deleted_ids(id: Uuid, payload: &Value) -> Result<Vec<Uuid>> {
    match payload.get("ids") {
        None => Ok(vec![id]),
        Some(ids) => serde_json::from_value(ids.clone()).map_err(Error::internal),
    }
}

async fn run(conn: &mut AccountConn, statement: &'static str, clusters: &[Uuid]) -> Result<usize> {
    let statement =
        db::statement(statement).bind::<SqlUuid, _>(conn.account().uuid()).bind::<Array<SqlUuid>, _>(clusters);
    Ok(statement.execute(conn).await?)
}
