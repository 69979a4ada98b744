//! Giving the keywords of a sector the clusters of a run, so that clusters which continue keep their id and what people moved stays.

use std::collections::{BTreeMap, HashMap};

use clustering::{KeywordId, Previous, match_clusters};
use db::AccountConn;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Float, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use crate::schema::igny8_keywords;

/// A cluster of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) intents: Vec<String>,
    pub(super) members: Vec<Placed>,
}

/// A keyword in it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) id: Uuid,
    pub(super) confidence: f64,
    pub(super) evidence: String,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) clusters: usize,
    /// Clusters that were there before.
    pub(super) kept: usize,
    pub(super) topics: usize,
    pub(super) keywords: usize,
}

/// Where the keywords of a sector are now. Those that a person has moved are not to be moved.
#[derive(Debug)]
pub(super) struct Present(HashMap<Uuid, (Option<Uuid>, bool)>);

impl Present {
    pub(super) async fn load(conn: &mut AccountConn, sector: Uuid) -> Result<Self> {
        let rows: Vec<(Uuid, Option<Uuid>, bool)> = igny8_keywords::table
            .filter(igny8_keywords::account_id.eq(conn.account().uuid()))
            .filter(igny8_keywords::sector_id.eq(sector))
            .filter(igny8_keywords::deleted_at.is_null())
            .filter(igny8_keywords::status.ne("archived"))
            .select((igny8_keywords::id, igny8_keywords::cluster_id, igny8_keywords::pinned))
            .load(conn)
            .await?;
        Ok(Self(rows.into_iter().map(|(id, cluster, pinned)| (id, (cluster, pinned))).collect()))
    }

    /// The id of each group: that of the cluster that it continues, or none. Groups that would hold nothing are dropped.
    pub(super) fn matched(&self, groups: Vec<Group>) -> Vec<(Option<Uuid>, Group)> {
        let groups: Vec<Group> = groups.into_iter().filter_map(|group| self.still_there(group)).collect();
        let mut before: BTreeMap<Uuid, Vec<KeywordId>> = BTreeMap::new();
        for (id, (cluster, _)) in &self.0 {
            if let Some(cluster) = cluster {
                before.entry(*cluster).or_default().push(id.into_bytes());
            }
        }
        let before: Vec<Previous> =
            before.into_iter().map(|(id, members)| Previous { id: id.into_bytes(), members }).collect();
        let members = |group: &Group| group.members.iter().map(|placed| placed.id.into_bytes()).collect();
        let new: Vec<Vec<KeywordId>> = groups.iter().map(members).collect();
        let matched = match_clusters(&before, &new).into_iter().map(|id| id.map(Uuid::from_bytes));
        matched.zip(groups).collect()
    }

    /// Without what was deleted or put aside since the run began. A group of nothing but pinned keywords is no cluster of its own.
    fn still_there(&self, mut group: Group) -> Option<Group> {
        group.members.retain(|placed| self.0.contains_key(&placed.id));
        let movable = |placed: &Placed| self.0.get(&placed.id).is_some_and(|(_, pinned)| !pinned);
        group.members.iter().any(movable).then_some(group)
    }
}

impl Assigned {
    pub(super) fn of(matched: &[(Option<Uuid>, Group)]) -> Self {
        let topics: std::collections::HashSet<&str> = matched.iter().map(|(_, group)| group.topic.as_str()).collect();
        Self {
            clusters: matched.len(),
            kept: matched.iter().filter(|(id, _)| id.is_some()).count(),
            topics: topics.len(),
            keywords: matched.iter().map(|(_, group)| group.members.len()).sum(),
        }
    }
}

/// Clusters that are new and those that continue. A name given by hand stays.
const CLUSTERS: &str = "
    INSERT INTO igny8_clusters AS old (account_id, id, site_id, sector_id, name, topic, intents)
    SELECT $1, u.id, $2, $3, u.name, u.topic, string_to_array(u.intents, ',')
    FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) u(id, name, topic, intents)
    ON CONFLICT (account_id, id) DO UPDATE SET updated_at = now(), topic = excluded.topic, intents = excluded.intents,
        name = CASE WHEN old.manual THEN old.name ELSE excluded.name END
    WHERE (old.name, old.topic, old.intents) IS DISTINCT FROM (excluded.name, excluded.topic, excluded.intents)";

/// A row that changed in the meantime is looked at again when its turn comes: a move that was made during the run wins.
const KEYWORDS: &str = "
    UPDATE igny8_keywords k SET cluster_id = u.cluster, cluster_confidence = u.confidence, cluster_evidence = u.evidence,
        status = CASE WHEN k.status = 'new' THEN 'clustered' ELSE k.status END, updated_at = now()
    FROM unnest($2::uuid[], $3::uuid[], $4::real[], $5::text[]) u(id, cluster, confidence, evidence)
    WHERE k.account_id = $1 AND k.id = u.id AND k.deleted_at IS NULL AND NOT k.pinned AND k.status <> 'archived'
      AND (k.cluster_id IS DISTINCT FROM u.cluster
           OR $6 AND (k.cluster_confidence, k.cluster_evidence) IS DISTINCT FROM (u.confidence, u.evidence))";

/// What a run has left empty goes, unless a person made it or something was made of it.
const EMPTY: &str = "
    UPDATE igny8_clusters SET deleted_at = now()
    WHERE account_id = $1 AND sector_id = $2 AND deleted_at IS NULL AND keyword_count = 0 AND NOT manual AND status = 'new'";

/// Writes clusters and the places of their keywords: three statements, whatever the number of keywords. With `reasons` the evidence of those
/// that stay where they are is written anew too.
pub(super) async fn write(
    conn: &mut AccountConn,
    (site, sector): (Uuid, Uuid),
    matched: &[(Option<Uuid>, Group)],
    reasons: bool,
) -> Result<()> {
    let ids: Vec<Uuid> = matched.iter().map(|(id, _)| id.unwrap_or_else(Uuid::now_v7)).collect();
    let text = |of: fn(&Group) -> String| matched.iter().map(|(_, group)| of(group)).collect::<Vec<String>>();
    db::statement(CLUSTERS)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(site)
        .bind::<SqlUuid, _>(sector)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<Text>, _>(text(|group| group.name.clone()))
        .bind::<Array<Text>, _>(text(|group| group.topic.clone()))
        .bind::<Array<Text>, _>(text(|group| group.intents.join(",")))
        .execute(conn)
        .await?;
    let mut places: Vec<(Uuid, Uuid, f32, &str)> = Vec::new();
    for (cluster, (_, group)) in ids.iter().zip(matched) {
        for member in &group.members {
            places.push((member.id, *cluster, single(member.confidence), member.evidence.as_str()));
        }
    }
    places.sort_unstable_by_key(|(keyword, ..)| *keyword); // rows and the entries of indexes lie in this order
    db::statement(KEYWORDS)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<Array<SqlUuid>, _>(places.iter().map(|place| place.0).collect::<Vec<Uuid>>())
        .bind::<Array<SqlUuid>, _>(places.iter().map(|place| place.1).collect::<Vec<Uuid>>())
        .bind::<Array<Float>, _>(places.iter().map(|place| place.2).collect::<Vec<f32>>())
        .bind::<Array<Text>, _>(places.iter().map(|place| place.3).collect::<Vec<&str>>())
        .bind::<Bool, _>(reasons)
        .execute(conn)
        .await?;
    let empty = db::statement(EMPTY).bind::<SqlUuid, _>(conn.account().uuid()).bind::<SqlUuid, _>(sector);
    empty.execute(conn).await?;
    Ok(())
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the standard library has no other way; what is lost is below a millionth"
)]
fn single(confidence: f64) -> f32 {
    confidence.clamp(0.0, 1.0) as f32
}

/// The id of a message, 16 bytes.
pub(super) fn id_of(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(Error::internal)
}
