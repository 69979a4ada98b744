//! Deriving ideas from clusters: freezing them, and writing what came of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use contracts::JsonEnum;
use contracts::ai_processor::v1::{
    IdeaCluster, IdeaKeyword, IdeaOutcome, IdeasInput, IdeasResult, JobAction, JobClass,
};
use contracts::billing::v1::SpendAction;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{ContentStructure, ContentType};
use contracts::progress::v1::Started;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use jobs::{Action, Figures, Frozen, JobRequest, Outcome, Spec};
use prost::Message;
use rpc::{Caller, Error, Result};
use serde_json::json;
use uuid::Uuid;

use super::{WORD_COUNT, collisions, owned_by, row};
use crate::clusters::{Cluster, selected};
use crate::schema::{igny8_content_ideas, igny8_sector_copies, igny8_site_copies};
use crate::{App, automation, patience, site_copies};

pub(crate) const NAME: &str = "auto_generate_ideas";

/// In one run.
const MAX_CLUSTERS: usize = 1000;

/// Seconds that a run takes, and those that each idea adds.
const SECONDS: (f64, f64) = (1.0, 0.01);

/// What the planner does around a job that derives ideas.
#[derive(Debug, Clone, Copy)]
pub struct AutoGenerateIdeas;

/// Starts a run, or says what it would cost.
pub(crate) async fn start(app: &App, caller: &Caller, request: &pb::AutoGenerateIdeasRequest) -> Result<Started> {
    if request.dry_run {
        let frozen = app.db.transaction(caller, async |conn| freeze(conn, request).await).await?;
        let seconds = f64::from(u32::try_from(frozen.units).unwrap_or(u32::MAX)).mul_add(SECONDS.1, SECONDS.0);
        return app.jobs.quote(caller, NAME, frozen.site, (frozen.units, seconds)).await;
    }
    app.jobs.start(caller, NAME, request, async |conn: &mut AccountConn| freeze(conn, request).await).await
}

/// One idea for one cluster.
pub(crate) async fn freeze_cluster(conn: &mut AccountConn, cluster: Uuid) -> Result<Frozen> {
    let clusters = pb::ClusterSelection { ids: vec![cluster.to_string()], ..pb::ClusterSelection::default() };
    let request = pb::AutoGenerateIdeasRequest { clusters: Some(clusters), ..pb::AutoGenerateIdeasRequest::default() };
    freeze(conn, &request).await
}

async fn freeze(conn: &mut AccountConn, request: &pb::AutoGenerateIdeasRequest) -> Result<Frozen> {
    let selection = request.clusters.clone().unwrap_or_default();
    let found = selected(conn, &selection).await?;
    let clusters = Cluster::of(conn, &found).await?;
    let sectors: BTreeSet<(Uuid, Uuid)> = clusters.iter().map(|cluster| (cluster.site_id, cluster.sector_id)).collect();
    let mut sectors = sectors.into_iter();
    let (Some((site, sector)), None) = (sectors.next(), sectors.next()) else {
        let message = "Choose clusters of one sector. Those that were deleted do not count.";
        return Err(Error::invalid("clusters", message));
    };
    if clusters.len() > MAX_CLUSTERS {
        let message = format!("One run takes at most {MAX_CLUSTERS} clusters. Choose fewer.");
        return Err(Error::invalid("clusters", message));
    }
    site_copies::writable(conn, site, sector).await?;
    let each = request.ideas_per_cluster.unwrap_or(1);
    let clusters = with_keywords(conn, clusters).await?;
    if clusters.is_empty() {
        let message = "None of these clusters has keywords. Move some in first.";
        return Err(Error::precondition("NO_KEYWORDS", message));
    }
    let units = i64::try_from(clusters.len()).map_err(Error::internal)?.saturating_mul(i64::from(each));
    let input = IdeasInput { clusters, ideas_per_cluster: each, ..about(conn, site, sector).await? };
    Ok(Frozen { site, target: sector, params: json!({}), units, input: input.encode_to_vec() })
}

/// What is known of the site and its sector.
async fn about(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> Result<IdeasInput> {
    let account = conn.account().uuid();
    let site = igny8_site_copies::table.find((account, site)).select((
        igny8_site_copies::language,
        igny8_site_copies::name,
        igny8_site_copies::facts,
    ));
    let (language, site_name, site_facts) = site.first(conn).await?;
    let row = igny8_sector_copies::table.find((account, sector)).select(igny8_sector_copies::name);
    let sector_name = row.first(conn).await?;
    let sector_id = Some(sector.to_string());
    Ok(IdeasInput { language, site_name, site_facts, sector_name, sector_id, ..IdeasInput::default() })
}

/// The most wanted keywords of each cluster.
const KEYWORDS: &str = "
    SELECT id, keyword, volume, cluster_id FROM (
        SELECT id, keyword, volume, cluster_id,
            row_number() OVER (PARTITION BY cluster_id ORDER BY volume DESC NULLS LAST, cluster_confidence DESC, id) AS place
        FROM igny8_keywords
        WHERE account_id = $1 AND cluster_id = ANY($2) AND deleted_at IS NULL AND status <> 'archived') k
    WHERE place <= 50 ORDER BY cluster_id, place";

#[derive(QueryableByName)]
struct Wanted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    keyword: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    volume: Option<i64>,
    #[diesel(sql_type = SqlUuid)]
    cluster_id: Uuid,
}

/// The clusters that have keywords, with those and the titles that are not to be repeated, rejected ones too.
async fn with_keywords(conn: &mut AccountConn, clusters: Vec<Cluster>) -> Result<Vec<IdeaCluster>> {
    let ids: Vec<Uuid> = clusters.iter().map(|cluster| cluster.id).collect();
    let wanted = db::statement(KEYWORDS).bind::<SqlUuid, _>(conn.account().uuid()).bind::<Array<SqlUuid>, _>(&ids);
    let wanted: Vec<Wanted> = wanted.load(conn).await?;
    let mut keywords: HashMap<Uuid, Vec<IdeaKeyword>> = HashMap::new();
    for Wanted { id, keyword, volume, cluster_id } in wanted {
        let keyword = IdeaKeyword { keyword_id: id.to_string(), text: keyword, volume };
        keywords.entry(cluster_id).or_default().push(keyword);
    }
    let existing: Vec<(Option<Uuid>, String)> = igny8_content_ideas::table
        .filter(owned_by(conn))
        .filter(igny8_content_ideas::cluster_id.eq_any(&ids))
        .filter(igny8_content_ideas::deleted_at.is_null())
        .select((igny8_content_ideas::cluster_id, igny8_content_ideas::title))
        .load(conn)
        .await?;
    let mut titles: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (cluster, title) in existing {
        titles.entry(cluster.unwrap_or_default()).or_default().push(title);
    }
    let full = clusters.into_iter().filter_map(|cluster| {
        Some(IdeaCluster {
            keywords: keywords.remove(&cluster.id)?,
            existing_titles: titles.remove(&cluster.id).unwrap_or_default(),
            cluster_id: cluster.id.to_string(),
            name: cluster.name,
            intents: cluster.intents,
        })
    });
    Ok(full.collect())
}

#[tonic::async_trait]
impl Action for AutoGenerateIdeas {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            job: JobAction::Ideas,
            spend: SpendAction::Ideas,
            queue: JobClass::Interactive,
            time_limit: TimeDelta::hours(2),
            busy: None,
        }
    }

    async fn apply(&self, conn: &mut AccountConn, request: &JobRequest, outcome: Outcome) -> Result<Figures> {
        let IdeasResult { ideas } = IdeasResult::decode(outcome.body.as_slice()).map_err(Error::internal)?;
        patience::take(conn).await?;
        let named: Vec<Uuid> = ideas.iter().filter_map(|idea| Uuid::try_parse(&idea.cluster_id).ok()).collect();
        let here: HashSet<Uuid> = Cluster::of(conn, &named).await?.into_iter().map(|cluster| cluster.id).collect();
        let new: Vec<row::New> = ideas.into_iter().map(|idea| new(request, idea, &here)).collect();
        let ids: Vec<Uuid> = new.iter().map(|idea| idea.id).collect();
        row::insert(conn, new).await?;
        collisions::renew(conn, request.site_id, &ids).await?;
        let collide = collisions::of(conn, &ids).await?.len();
        automation::job_ended(conn, request.id).await?;
        let figures = [("ideas", ids.len()), ("collisions", collide)];
        Ok(figures.into_iter().map(|(name, figure)| (name.to_owned(), figure.to_string())).collect())
    }

    async fn ended(&self, conn: &mut AccountConn, request: &JobRequest) -> Result<()> {
        automation::job_ended(conn, request.id).await
    }
}

/// A cluster that was deleted in the meantime leaves the idea without one. A name that this version does not know is the plainest.
fn new(request: &JobRequest, outcome: IdeaOutcome, here: &HashSet<Uuid>) -> row::New {
    let content_type = ContentType::from_json_name(&outcome.content_type).unwrap_or(ContentType::Article);
    let structure = ContentStructure::from_json_name(&outcome.structure).unwrap_or(ContentStructure::Guide);
    row::New {
        id: Uuid::now_v7(),
        site_id: request.site_id,
        sector_id: request.target_id,
        cluster_id: Uuid::try_parse(&outcome.cluster_id).ok().filter(|id| here.contains(id)),
        request_id: Some(request.id),
        title: outcome.title,
        description: outcome.description,
        content_type: Stored(content_type),
        structure: Stored(structure),
        primary_keyword: outcome.primary_keyword,
        keyword_ids: outcome.keyword_ids.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect(),
        outline: outcome.outline,
        word_count: if outcome.word_count > 0 { outcome.word_count } else { WORD_COUNT },
    }
}
