//! Another threshold for the last clustering of a sector: a cut of its stored hierarchy, without a job.

use chrono::{DateTime, Utc};
use clustering::{Clusters, MergeTree, Thresholds};
use contracts::planner::v1 as pb;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jobs::JobRequest;
use rpc::{Caller, Error, Kind, Result};
use uuid::Uuid;

use super::assign::{self, Assigned, Group, Placed, Present};
use super::auto_cluster::{BUSY, NAME, thresholds};
use super::evidence;
use crate::schema::igny8_cluster_trees;
use crate::{App, patience, site_copies};

/// Cuts the hierarchy outside of any transaction, and writes what comes of it unless another run has been applied in between.
pub(super) async fn rethreshold(
    app: &App,
    caller: &Caller,
    request: &pb::RethresholdClustersRequest,
) -> Result<pb::Rethresholded> {
    let (site, sector) = (rpc::id("site_id", &request.site_id)?, rpc::id("sector_id", &request.sector_id)?);
    thresholds(request.page_threshold, request.topic_threshold)?;
    let (tree, grown_at) = app.db.transaction(caller, async |conn| tree(conn, site, sector).await).await?;
    let default = Thresholds::default();
    let page = request.page_threshold.unwrap_or(default.page);
    let cut = Thresholds { page, topic: request.topic_threshold.unwrap_or(default.topic.min(page)) };
    let groups = tokio::task::spawn_blocking(move || groups(&tree, &cut)).await.map_err(Error::internal)??;
    let assigned = app.db.transaction(caller, async |conn| {
        patience::take(conn).await?;
        if grown(conn, sector).await? != Some(grown_at) {
            let message = "This sector was clustered again in the meantime. Look at the new clusters and try again.";
            return Err(Error::new(Kind::Aborted, "CLUSTERED_AGAIN", message));
        }
        let matched = Present::load(conn, sector).await?.matched(groups);
        if !request.dry_run {
            assign::write(conn, (site, sector), &matched, false).await?;
        }
        Ok(Assigned::of(&matched))
    });
    let Assigned { clusters, kept, topics, keywords } = assigned.await?;
    let count = |count: usize| i64::try_from(count).map_err(Error::internal);
    Ok(pb::Rethresholded {
        dry_run: request.dry_run,
        keywords: count(keywords)?,
        clusters: count(clusters)?,
        topics: count(topics)?,
        kept: count(kept)?,
    })
}

async fn tree(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> Result<(Vec<u8>, DateTime<Utc>)> {
    site_copies::writable(conn, site, sector).await?;
    if JobRequest::open_for(conn, NAME, sector).await?.is_some() {
        return Err(Error::new(Kind::Aborted, BUSY.0, BUSY.1));
    }
    let row = igny8_cluster_trees::table.find((conn.account().uuid(), sector));
    let found =
        row.select((igny8_cluster_trees::tree, igny8_cluster_trees::created_at)).first(conn).await.optional()?;
    found.ok_or_else(|| {
        let message = "The keywords of this sector have not been clustered yet. Cluster them first.";
        Error::precondition("NOT_CLUSTERED", message)
    })
}

/// When the hierarchy was stored, which stays so until the transaction ends.
async fn grown(conn: &mut AccountConn, sector: Uuid) -> Result<Option<DateTime<Utc>>> {
    let row = igny8_cluster_trees::table.find((conn.account().uuid(), sector)).for_update();
    Ok(row.select(igny8_cluster_trees::created_at).first(conn).await.optional()?)
}

fn groups(tree: &[u8], cut: &Thresholds) -> Result<Vec<Group>> {
    let Clusters { clusters, topics } = MergeTree::from_bytes(tree).map_err(Error::internal)?.cut(cut);
    let groups = clusters.into_iter().map(|cluster| Group {
        topic: topics.get(cluster.topic).map(|topic| topic.name.clone()).unwrap_or_default(),
        name: cluster.name,
        intents: vec![intent(cluster.intent).to_owned()],
        members: cluster
            .members
            .into_iter()
            .map(|member| Placed {
                id: Uuid::from_bytes(member.id),
                confidence: member.confidence,
                evidence: evidence::text(&member.evidence).into_owned(),
            })
            .collect(),
    });
    Ok(groups.collect())
}

fn intent(intent: clustering::Intent) -> &'static str {
    match intent {
        clustering::Intent::Informational => "informational",
        clustering::Intent::Commercial => "commercial",
        clustering::Intent::Transactional => "transactional",
        clustering::Intent::Navigational => "navigational",
    }
}
