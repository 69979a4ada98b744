//! Strategies: what to write for whom, one for each sector of a site.

mod input;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::strategy_service_server::StrategyService;
use contracts::rest::v1::Deleted;
use db::{AccountConn, Constraint, OnConstraint, Page, contains_pattern, order_keys, undo};
use diesel::dsl::{And, Eq, IsNull, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::input::{Change, New};
use crate::schema::igny8_strategies;
use crate::{App, site_copies};

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("sector_id"),
        ..Constraint::new(
            "igny8_strategies_account_id_sector_id_key",
            "STRATEGY_EXISTS",
            "This sector has a strategy already. Change that one, or delete it first.",
        )
    },
    Constraint {
        field: Some("sector_id"),
        ..Constraint::new("igny8_strategies_sector_id_fkey", "INVALID_FIELD", "This site has no such sector.")
    },
];

#[derive(Debug)]
pub struct Strategies(pub Arc<App>);

#[tonic::async_trait]
impl StrategyService for Strategies {
    async fn list_strategies(
        &self,
        request: Request<pb::ListStrategiesRequest>,
    ) -> Result<Response<pb::ListStrategiesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.unwrap_or_default())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<Strategy> = ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Strategy::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Strategy::from).collect();
            Ok(pb::ListStrategiesResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_strategy(&self, request: Request<pb::GetStrategyRequest>) -> Result<Response<pb::Strategy>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let strategy = self.0.db.transaction(&caller, async |conn| {
            let strategy = Strategy::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
            strategy.ok_or_else(|| Error::not_found("strategy"))
        });
        Ok(Response::new(strategy.await?.into()))
    }

    async fn create_strategy(
        &self,
        request: Request<pb::CreateStrategyRequest>,
    ) -> Result<Response<pb::Strategy>, Status> {
        let (caller, request) = rpc::open(request)?;
        let new = New::read(&request)?;
        site_copies::fetch(&self.0, &caller, new.site_id, new.sector_id).await?;
        let strategy = self.0.db.transaction(&caller, async |conn| {
            site_copies::open(conn, new.site_id, new.sector_id).await?;
            let strategy: Strategy = diesel::insert_into(igny8_strategies::table)
                .values((igny8_strategies::account_id.eq(conn.account().uuid()), new))
                .returning(Strategy::as_returning())
                .get_result(conn)
                .await
                .constraints(CONSTRAINTS)?;
            db::audit::record(conn, &caller, "strategy.created", Some(strategy.id), details(&strategy)).await?;
            Ok(strategy)
        });
        Ok(Response::new(strategy.await?.into()))
    }

    async fn update_strategy(
        &self,
        request: Request<pb::UpdateStrategyRequest>,
    ) -> Result<Response<pb::Strategy>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let change = Change::read(&request)?;
        let strategy = self.0.db.transaction(&caller, async |conn| {
            let (site, sector) = place(conn, id).await?;
            site_copies::open(conn, site, sector).await?;
            let strategy: Strategy = diesel::update(igny8_strategies::table.filter(owned_by(conn)).filter(live(id)))
                .set((&change, igny8_strategies::updated_at.eq(now)))
                .returning(Strategy::as_returning())
                .get_result(conn)
                .await
                .optional()
                .constraints(CONSTRAINTS)?
                .ok_or_else(|| Error::not_found("strategy"))?;
            db::audit::record(conn, &caller, "strategy.updated", Some(id), details(&strategy)).await?;
            Ok(strategy)
        });
        Ok(Response::new(strategy.await?.into()))
    }

    async fn delete_strategy(&self, request: Request<pb::DeleteStrategyRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let strategy: Option<Strategy> =
                diesel::update(igny8_strategies::table.filter(owned_by(conn)).filter(live(id)))
                    .set(igny8_strategies::deleted_at.eq(now))
                    .returning(Strategy::as_returning())
                    .get_result(conn)
                    .await
                    .optional()?;
            let strategy = strategy.ok_or_else(|| Error::not_found("strategy"))?;
            db::audit::record(conn, &caller, "strategy.deleted", Some(id), details(&strategy)).await?;
            undo::push(conn, "strategy", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }
}

/// One row of `igny8_strategies`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_strategies)]
pub struct Strategy {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub audience: String,
    pub goal: String,
    pub notes: String,
    pub structures: Vec<String>,
    pub avoid: Vec<String>,
    pub word_count: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Strategy> for pb::Strategy {
    fn from(strategy: Strategy) -> Self {
        let Strategy {
            id,
            site_id,
            sector_id,
            audience,
            goal,
            notes,
            structures,
            avoid,
            word_count,
            created_at,
            updated_at,
        } = strategy;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            audience,
            goal,
            notes,
            structures,
            avoid,
            word_count,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

#[derive(Debug)]
struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    search: Option<String>,
}

type Query = igny8_strategies::BoxedQuery<'static, Pg>;

impl Filter {
    fn read(filter: pb::StrategyFilter) -> rpc::Result<Self> {
        let pb::StrategyFilter { site_id, sector_id, search } = filter;
        let site = site_id.map(|id| rpc::id("site_id", &id)).transpose()?;
        let sector = sector_id.map(|id| rpc::id("sector_id", &id)).transpose()?;
        let search = Some(search).filter(|search| !search.is_empty()).map(|search| contains_pattern(&search));
        Ok(Self { site, sector, search })
    }

    fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_strategies::deleted_at.is_null();
        let mut query = igny8_strategies::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_strategies::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_strategies::sector_id.eq(sector));
        }
        if let Some(pattern) = &self.search {
            let found = igny8_strategies::audience
                .ilike(pattern.clone())
                .or(igny8_strategies::goal.ilike(pattern.clone()))
                .or(igny8_strategies::notes.ilike(pattern.clone()));
            query = query.filter(found);
        }
        query
    }
}

fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("created_at", false) => query.then_order_by(igny8_strategies::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_strategies::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_strategies::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_strategies::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by(igny8_strategies::id.asc())
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_strategies::account_id, Uuid> {
    igny8_strategies::account_id.eq(conn.account().uuid())
}

fn live(id: Uuid) -> And<Eq<igny8_strategies::id, Uuid>, IsNull<igny8_strategies::deleted_at>> {
    igny8_strategies::id.eq(id).and(igny8_strategies::deleted_at.is_null())
}

/// The site and sector of a strategy.
async fn place(conn: &mut AccountConn, id: Uuid) -> rpc::Result<(Uuid, Uuid)> {
    let place = igny8_strategies::table.filter(owned_by(conn)).filter(live(id));
    let place = place.select((igny8_strategies::site_id, igny8_strategies::sector_id)).first(conn).await.optional()?;
    place.ok_or_else(|| Error::not_found("strategy"))
}

/// The strategy of a sector.
pub async fn of_sector(conn: &mut AccountConn, sector: Uuid) -> rpc::Result<Option<Strategy>> {
    let strategy = Strategy::query()
        .filter(owned_by(conn))
        .filter(igny8_strategies::sector_id.eq(sector))
        .filter(igny8_strategies::deleted_at.is_null());
    Ok(strategy.first(conn).await.optional()?)
}

/// Takes the deletion of a strategy back, where the sector has no other one by now.
pub async fn restore(conn: &mut AccountConn, id: Uuid) -> rpc::Result<()> {
    let deleted = igny8_strategies::table
        .filter(owned_by(conn))
        .filter(igny8_strategies::id.eq(id))
        .filter(igny8_strategies::deleted_at.is_not_null());
    let restored = diesel::update(deleted)
        .set(igny8_strategies::deleted_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    if restored == 0 { Err(Error::not_found("strategy")) } else { Ok(()) }
}

fn details(strategy: &Strategy) -> [(&'static str, String); 2] {
    [("site_id", strategy.site_id.to_string()), ("sector_id", strategy.sector_id.to_string())]
}
