//! Clustering the keywords of a sector: freezing them, and writing what came of it.

use chrono::TimeDelta;
use contracts::ai_processor::v1::{ClusterOutcome, ClusteringResult, JobAction, JobClass};
use contracts::billing::v1::SpendAction;
use contracts::planner::v1 as pb;
use contracts::progress::v1::Started;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jobs::{Action, Figures, Frozen, JobRequest, Outcome, Spec};
use prost::Message;
use rpc::{Caller, Error, Result};
use serde_json::json;
use uuid::Uuid;

use super::assign::{self, Assigned, Group, Placed, Present, id_of};
use super::input;
use crate::schema::igny8_cluster_trees;
use crate::{App, automation, keywords, patience, site_copies};

pub(crate) const NAME: &str = "auto_cluster";

/// A second run on a sector is refused while one goes on.
pub(super) const BUSY: (&str, &str) =
    ("CLUSTERING_RUNS", "The keywords of this sector are being clustered. Wait until that has ended.");

/// Seconds that a run takes, and those that each keyword adds.
const SECONDS: (f64, f64) = (1.0, 0.0002);

/// What the planner does around a clustering job.
#[derive(Debug, Clone, Copy)]
pub struct AutoCluster;

/// Starts a run, or says what it would cost.
pub(super) async fn start(app: &App, caller: &Caller, request: &pb::AutoClusterRequest) -> Result<Started> {
    let (site, sector) = (rpc::id("site_id", &request.site_id)?, rpc::id("sector_id", &request.sector_id)?);
    thresholds(request.page_threshold, request.topic_threshold)?;
    app.sites.ensure(caller, site, sector).await?;
    if request.dry_run {
        let rows = app.db.transaction(caller, async |conn| {
            site_copies::writable(conn, site, sector).await?;
            let only = only(conn, request).await?;
            input::count(conn, sector, only.as_deref()).await
        });
        let rows = rows.await?;
        let seconds = f64::from(u32::try_from(rows).unwrap_or(u32::MAX)).mul_add(SECONDS.1, SECONDS.0);
        return app.jobs.quote(caller, NAME, site, (rows, seconds)).await;
    }
    let freeze = async |conn: &mut AccountConn| freeze(conn, (site, sector), request).await;
    app.jobs.start(caller, NAME, request, freeze).await
}

/// The whole of a sector.
pub(crate) async fn freeze_sector(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> Result<Frozen> {
    freeze(conn, (site, sector), &pb::AutoClusterRequest::default()).await
}

async fn freeze(
    conn: &mut AccountConn,
    (site, sector): (Uuid, Uuid),
    request: &pb::AutoClusterRequest,
) -> Result<Frozen> {
    patience::take(conn).await?;
    let place = site_copies::writable(conn, site, sector).await?;
    let only = only(conn, request).await?;
    let cuts = (request.page_threshold, request.topic_threshold);
    let (input, count) = input::read(conn, (sector, place.language), only.as_deref(), cuts).await?;
    if count < 2 {
        let message = "There is nothing to cluster: fewer than two keywords are selected that are not put aside. Import some first.";
        return Err(Error::precondition("NOTHING_TO_CLUSTER", message));
    }
    Ok(Frozen {
        site,
        target: sector,
        params: json!({ "whole": only.is_none() }),
        units: i64::try_from(count).map_err(Error::internal)?,
        input: input.encode_to_vec(),
    })
}

/// The keywords that the request names, if it names any.
async fn only(conn: &mut AccountConn, request: &pb::AutoClusterRequest) -> Result<Option<Vec<Uuid>>> {
    match &request.keywords {
        Some(selection) => Ok(Some(keywords::selected(conn, selection).await?)),
        None => Ok(None),
    }
}

/// Both from 0 to 1, and topics no finer than pages.
pub(super) fn thresholds(page: Option<f64>, topic: Option<f64>) -> Result<()> {
    for (field, value) in [("page_threshold", page), ("topic_threshold", topic)] {
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            return Err(Error::invalid(field, "A threshold is a number from 0 to 1."));
        }
    }
    let default = clustering::Thresholds::default();
    if topic.unwrap_or(0.0) > page.unwrap_or(default.page) {
        return Err(Error::invalid(
            "topic_threshold",
            "Topics cannot be finer than pages: choose at most the page threshold.",
        ));
    }
    Ok(())
}

#[tonic::async_trait]
impl Action for AutoCluster {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            job: JobAction::Clustering,
            spend: SpendAction::Clustering,
            queue: JobClass::Interactive,
            time_limit: TimeDelta::hours(2),
            busy: Some(BUSY),
        }
    }

    async fn apply(&self, conn: &mut AccountConn, request: &JobRequest, outcome: Outcome) -> Result<Figures> {
        let ClusteringResult { clusters, merge_tree } =
            ClusteringResult::decode(outcome.body.as_slice()).map_err(Error::internal)?;
        let groups = clusters.into_iter().map(group).collect::<Result<Vec<Group>>>()?;
        let present = Present::load(conn, request.target_id).await?;
        let matched = present.matched(groups);
        assign::write(conn, (request.site_id, request.target_id), &matched, true).await?;
        if request.params.get("whole").and_then(serde_json::Value::as_bool).unwrap_or_default() {
            store_tree(conn, request, merge_tree).await?;
        }
        automation::job_ended(conn, request.id).await?;
        Ok(figures(Assigned::of(&matched)))
    }

    async fn ended(&self, conn: &mut AccountConn, request: &JobRequest) -> Result<()> {
        automation::job_ended(conn, request.id).await
    }
}

fn group(outcome: ClusterOutcome) -> Result<Group> {
    let ClusterOutcome { name, topic, intents, members } = outcome;
    let placed = members.into_iter().map(|member| {
        Ok(Placed { id: id_of(&member.keyword_id)?, confidence: member.confidence, evidence: member.evidence })
    });
    Ok(Group { name, topic, intents, members: placed.collect::<Result<_>>()? })
}

fn figures(Assigned { clusters, kept, topics, keywords }: Assigned) -> Figures {
    let figures = [("clusters", clusters), ("kept", kept), ("topics", topics), ("keywords", keywords)];
    figures.into_iter().map(|(name, figure)| (name.to_owned(), figure.to_string())).collect()
}

async fn store_tree(conn: &mut AccountConn, request: &JobRequest, tree: Vec<u8>) -> Result<()> {
    diesel::insert_into(igny8_cluster_trees::table)
        .values((
            igny8_cluster_trees::account_id.eq(conn.account().uuid()),
            igny8_cluster_trees::sector_id.eq(request.target_id),
            igny8_cluster_trees::site_id.eq(request.site_id),
            igny8_cluster_trees::tree.eq(&tree),
        ))
        .on_conflict((igny8_cluster_trees::account_id, igny8_cluster_trees::sector_id))
        .do_update()
        .set((igny8_cluster_trees::tree.eq(&tree), igny8_cluster_trees::created_at.eq(diesel::dsl::now)))
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_shares_and_topics_no_finer_than_pages() {
        assert!(thresholds(None, None).is_ok() && thresholds(Some(0.3), Some(0.1)).is_ok());
        assert_eq!(thresholds(Some(1.5), None).unwrap_err().violations()[0].field, "page_threshold");
        assert_eq!(thresholds(Some(0.1), Some(0.3)).unwrap_err().violations()[0].field, "topic_threshold");
        assert_eq!(thresholds(Some(f64::NAN), None).unwrap_err().violations()[0].field, "page_threshold");
    }
}
