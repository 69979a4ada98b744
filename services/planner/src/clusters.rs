//! Clusters: the keywords that one page of a site should answer.

mod assign;
mod auto_cluster;
mod delete;
mod evidence;
mod input;
mod list;
mod merge;
mod moves;
mod rethreshold;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::planner::v1::cluster_service_server::ClusterService;
use contracts::planner::v1::{self as pb, ClusterStatus, Intent};
use contracts::progress::v1::Started;
use contracts::rest::v1::Deleted;
use db::{AccountConn, Page, Stored, idempotency, undo};
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Mask, Result, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_clusters;
use crate::{App, site_copies};

pub use auto_cluster::AutoCluster;
pub(crate) use auto_cluster::{NAME as AUTO_CLUSTER, freeze_sector};
pub(crate) use delete::deleted_ids;
pub use delete::restore;
pub(crate) use list::{selected, unchanged};

#[derive(Debug)]
pub struct Clusters(pub Arc<App>);

#[tonic::async_trait]
impl ClusterService for Clusters {
    async fn list_clusters(
        &self,
        request: Request<pb::ListClustersRequest>,
    ) -> Result<Response<pb::ListClustersResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = list::Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = list::ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Cluster::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Cluster::from).collect();
            Ok(pb::ListClustersResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_cluster(&self, request: Request<pb::GetClusterRequest>) -> Result<Response<pb::Cluster>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let cluster = self.0.db.transaction(&caller, async |conn| Cluster::get(conn, id).await);
        Ok(Response::new(cluster.await?.into()))
    }

    async fn create_cluster(
        &self,
        request: Request<pb::CreateClusterRequest>,
    ) -> Result<Response<pb::Cluster>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (site, sector) = (rpc::id("site_id", &request.site_id)?, rpc::id("sector_id", &request.sector_id)?);
        let keywords = ids("keyword_ids", &request.keyword_ids)?;
        self.0.sites.ensure(&caller, site, sector).await?;
        let cluster = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "clusters_create", &request, async |conn| {
                site_copies::writable(conn, site, sector).await?;
                let id = Uuid::now_v7();
                New { id, site_id: site, sector_id: sector, name: &request.name }
                    .insert(conn, &request.topic, &request.description)
                    .await?;
                let cluster = Cluster::lock(conn, id).await?;
                if !keywords.is_empty() {
                    moves::into(conn, &cluster, &keywords).await?;
                }
                db::audit::record(conn, &caller, "cluster.created", Some(id), [("name", request.name.clone())]).await?;
                Ok(Cluster::get(conn, id).await?.into())
            })
            .await
        });
        Ok(Response::new(cluster.await?))
    }

    async fn update_cluster(
        &self,
        request: Request<pb::UpdateClusterRequest>,
    ) -> Result<Response<pb::Cluster>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let mask = Mask::of(&request.update_mask);
        let change = Change {
            name: mask.when("name", request.name.as_str()),
            topic: mask.when("topic", request.topic.as_str()),
            description: mask.when("description", request.description.as_str()),
            status: mask.has("status").then(|| settable(request.status())).transpose()?,
            manual: mask.when("name", true),
        };
        let cluster = self.0.db.transaction(&caller, async |conn| {
            let cluster = Cluster::lock(conn, id).await?;
            site_copies::active(conn, cluster.site_id).await?;
            let row = igny8_clusters::table.filter(owned_by(conn)).filter(igny8_clusters::id.eq(id));
            let changed: Cluster = diesel::update(row)
                .set((change, igny8_clusters::updated_at.eq(now)))
                .returning(Cluster::as_returning())
                .get_result(conn)
                .await?;
            Ok(changed)
        });
        Ok(Response::new(cluster.await?.into()))
    }

    async fn delete_cluster(&self, request: Request<pb::DeleteClusterRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let cluster = Cluster::lock(conn, id).await?;
            site_copies::active(conn, cluster.site_id).await?;
            delete::delete(conn, &[id]).await?;
            db::audit::record(conn, &caller, "cluster.deleted", Some(id), [("name", cluster.name)]).await?;
            undo::push(conn, "cluster", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn bulk_delete_clusters(
        &self,
        request: Request<pb::ClusterSelection>,
    ) -> Result<Response<pb::DeletedClusters>, Status> {
        let (caller, request) = rpc::open(request)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "clusters_bulk_delete", &request, async |conn| {
                delete::many(conn, &caller, &request).await
            })
            .await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn merge_clusters(
        &self,
        request: Request<pb::MergeClustersRequest>,
    ) -> Result<Response<pb::Cluster>, Status> {
        let (caller, request) = rpc::open(request)?;
        let clusters = ids("cluster_ids", &request.cluster_ids)?;
        let merged = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "clusters_merge", &request, async |conn| {
                let merged = merge::merge(conn, &clusters).await?;
                let details = [("merged", clusters.len().to_string())];
                db::audit::record(conn, &caller, "cluster.merged", Some(merged.id), details).await?;
                Ok(merged.into())
            })
            .await
        });
        Ok(Response::new(merged.await?))
    }

    async fn split_cluster(&self, request: Request<pb::SplitClusterRequest>) -> Result<Response<pb::Cluster>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (id, keywords) = (rpc::id("id", &request.id)?, ids("keyword_ids", &request.keyword_ids)?);
        let part = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "clusters_split", &request, async |conn| {
                let part = merge::split(conn, id, &request.name, &keywords).await?;
                db::audit::record(conn, &caller, "cluster.split", Some(id), [("into", part.id.to_string())]).await?;
                Ok(part.into())
            })
            .await
        });
        Ok(Response::new(part.await?))
    }

    async fn move_keywords(
        &self,
        request: Request<pb::MoveKeywordsRequest>,
    ) -> Result<Response<pb::MovedKeywords>, Status> {
        let (caller, request) = rpc::open(request)?;
        let cluster = request.cluster_id.as_deref().map(|id| rpc::id("cluster_id", id)).transpose()?;
        let keywords = ids("keyword_ids", &request.keyword_ids)?;
        let moved = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "clusters_move_keywords", &request, async |conn| {
                let count = match cluster {
                    Some(cluster) => {
                        let cluster = Cluster::named(conn, "cluster_id", cluster).await?;
                        moves::into(conn, &cluster, &keywords).await?
                    }
                    None => moves::out(conn, &keywords).await?,
                };
                Ok(pb::MovedKeywords { count })
            })
            .await
        });
        Ok(Response::new(moved.await?))
    }

    async fn rethreshold_clusters(
        &self,
        request: Request<pb::RethresholdClustersRequest>,
    ) -> Result<Response<pb::Rethresholded>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(rethreshold::rethreshold(&self.0, &caller, &request).await?))
    }

    async fn auto_cluster(&self, request: Request<pb::AutoClusterRequest>) -> Result<Response<Started>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(auto_cluster::start(&self.0, &caller, &request).await?))
    }

    async fn auto_generate_ideas(
        &self,
        request: Request<pb::AutoGenerateIdeasRequest>,
    ) -> Result<Response<Started>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(crate::content_ideas::generate(&self.0, &caller, &request).await?))
    }
}

/// One row of `igny8_clusters`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_clusters)]
pub struct Cluster {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub name: String,
    pub topic: String,
    pub description: String,
    pub intents: Vec<String>,
    pub status: Stored<ClusterStatus>,
    pub keyword_count: i64,
    pub volume: i64,
    pub manual: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Cluster {
    async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_clusters::id.eq(id));
        let found = query.filter(igny8_clusters::deleted_at.is_null()).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("cluster"))
    }

    /// Those of some that are there and not put aside, by their ids.
    pub(crate) async fn of(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_clusters::id.eq_any(ids));
        let live = query.filter(igny8_clusters::deleted_at.is_null());
        let live = live.filter(igny8_clusters::status.ne(Stored(ClusterStatus::Archived)));
        Ok(live.order_by(igny8_clusters::id).load(conn).await?)
    }

    /// A cluster that is about to change, held to the end of the transaction.
    async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let locked = Self::lock_all(conn, &[id]).await?;
        locked.into_iter().next().ok_or_else(|| Error::not_found("cluster"))
    }

    /// The same for one that stands in a body.
    async fn named(conn: &mut AccountConn, field: &str, id: Uuid) -> Result<Self> {
        let locked = Self::lock_all(conn, &[id]).await?;
        let gone = || Error::invalid(field, "There is no such cluster. It may have been deleted.");
        locked.into_iter().next().ok_or_else(gone)
    }

    /// Those that are there, by their ids: whoever holds several takes them in this order.
    async fn lock_all(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        let live = igny8_clusters::table.filter(owned_by(conn)).filter(igny8_clusters::id.eq_any(ids));
        let live = live.filter(igny8_clusters::deleted_at.is_null()).order_by(igny8_clusters::id);
        Ok(live.for_update().select(Self::as_select()).load(conn).await?)
    }
}

impl From<Cluster> for pb::Cluster {
    fn from(row: Cluster) -> Self {
        let Cluster {
            id,
            site_id,
            sector_id,
            name,
            topic,
            description,
            intents,
            status,
            keyword_count,
            volume,
            manual,
            created_at,
            updated_at,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            name,
            topic,
            description,
            intents: intents.iter().filter_map(|name| Intent::from_json_name(name)).map(Into::into).collect(),
            status: status.0.into(),
            keyword_count,
            volume,
            manual,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// A cluster made by hand.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = igny8_clusters)]
struct New<'r> {
    id: Uuid,
    site_id: Uuid,
    sector_id: Uuid,
    name: &'r str,
}

impl New<'_> {
    async fn insert(self, conn: &mut AccountConn, topic: &str, description: &str) -> Result<()> {
        diesel::insert_into(igny8_clusters::table)
            .values((
                igny8_clusters::account_id.eq(conn.account().uuid()),
                self,
                igny8_clusters::topic.eq(topic),
                igny8_clusters::description.eq(description),
                igny8_clusters::manual.eq(true),
            ))
            .execute(conn)
            .await?;
        Ok(())
    }
}

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_clusters)]
struct Change<'r> {
    name: Option<&'r str>,
    topic: Option<&'r str>,
    description: Option<&'r str>,
    status: Option<Stored<ClusterStatus>>,
    manual: Option<bool>,
}

/// People put clusters aside and take them back; that one has an idea is not theirs to say.
fn settable(status: ClusterStatus) -> Result<Stored<ClusterStatus>> {
    match status {
        ClusterStatus::New | ClusterStatus::Archived => Ok(Stored(status)),
        _ => Err(Error::invalid("status", "Only `new` and `archived` can be set. A cluster is mapped by its ideas.")),
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_clusters::account_id, Uuid> {
    igny8_clusters::account_id.eq(conn.account().uuid())
}

/// The ids of a list, each once, in their order.
pub(crate) fn ids(field: &str, texts: &[String]) -> Result<Vec<Uuid>> {
    let mut seen = std::collections::HashSet::new();
    let ids = (0..).zip(texts).map(|(at, text): (usize, &String)| rpc::id(&format!("{field}.{at}"), text));
    ids.filter(|id| id.as_ref().map_or(true, |id| seen.insert(*id))).collect()
}

/// Checks that a cluster which a body names is one of the sector.
pub(crate) async fn in_sector(conn: &mut AccountConn, cluster: Uuid, sector: Uuid) -> Result<()> {
    let found = Cluster::named(conn, "cluster_id", cluster).await?;
    if found.sector_id == sector {
        return Ok(());
    }
    Err(Error::invalid("cluster_id", "This cluster is in another sector. Choose one of the same sector."))
}
