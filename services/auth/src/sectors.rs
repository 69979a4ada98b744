//! Sectors: the one to five parts of a site that keywords, ideas and content belong to.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::auth::v1 as pb;
use contracts::auth::v1::sector_service_server::SectorService;
use contracts::rest::v1::Deleted;
use db::{AccountConn, Constraint, OnConstraint, Page, contains_pattern, order_keys, undo};
use diesel::dsl::{And, Eq, IsNull, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Mask, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_sectors;
use crate::{App, audit, copies, sites};

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("name"),
        ..Constraint::new(
            "igny8_sectors_account_id_site_id_name_key",
            "SECTOR_NAME_TAKEN",
            "Another sector of this site has this name. Choose another one.",
        )
    },
    Constraint {
        field: Some("industry_sector_id"),
        ..Constraint::new("igny8_sectors_industry_sector_id_fkey", "INVALID_FIELD", NO_SUCH_TEMPLATE)
    },
    Constraint {
        kind: Some(Kind::FailedPrecondition),
        ..Constraint::new(
            "igny8_sectors_last_check",
            "LAST_SECTOR",
            "A site needs at least one sector. Add another one first, or delete the site.",
        )
    },
];

/// For the sectors that a new site brings along.
const NESTED_CONSTRAINTS: &[Constraint] = &[Constraint {
    field: Some("sectors"),
    ..Constraint::new("igny8_sectors_industry_sector_id_fkey", "INVALID_FIELD", NO_SUCH_TEMPLATE)
}];

const NO_SUCH_TEMPLATE: &str = "There is no such industry sector. Choose one of the catalogue.";

#[derive(Debug)]
pub struct Sectors(pub Arc<App>);

#[tonic::async_trait]
impl SectorService for Sectors {
    async fn list_sectors(
        &self,
        request: Request<pb::ListSectorsRequest>,
    ) -> Result<Response<pb::ListSectorsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Sector::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Sector::from).collect();
            Ok(pb::ListSectorsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_sector(&self, request: Request<pb::GetSectorRequest>) -> Result<Response<pb::Sector>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let sector = self.0.db.transaction(&caller, async |conn| {
            let sector = Sector::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
            sector.ok_or_else(|| Error::not_found("sector"))
        });
        Ok(Response::new(sector.await?.into()))
    }

    async fn create_sector(&self, request: Request<pb::CreateSectorRequest>) -> Result<Response<pb::Sector>, Status> {
        let (caller, request) = rpc::open(request)?;
        let site = rpc::id("site_id", &request.site_id)?;
        let template = template(request.industry_sector_id.as_deref())?;
        let sector = self.0.db.transaction(&caller, async |conn| {
            let active = sites::lock(conn, site).await?;
            if !active.ok_or_else(|| Error::invalid("site_id", "There is no such site."))? {
                return Err(sites::inactive());
            }
            let slot = free_slot(conn, site).await?;
            let (name, description) = (&request.name, &request.description);
            let new = New { id: Uuid::now_v7(), site_id: site, name, description, industry_sector_id: template, slot };
            let sector: Sector = diesel::insert_into(igny8_sectors::table)
                .values((igny8_sectors::account_id.eq(conn.account().uuid()), new))
                .returning(Sector::as_returning())
                .get_result(conn)
                .await
                .constraints(CONSTRAINTS)?;
            copies::announce(conn, site).await?;
            let details = [("site_id", site.to_string()), ("name", sector.name.clone())];
            db::audit::record(conn, &caller, "sector.created", Some(sector.id), details).await?;
            Ok(sector)
        });
        Ok(Response::new(sector.await?.into()))
    }

    async fn update_sector(&self, request: Request<pb::UpdateSectorRequest>) -> Result<Response<pb::Sector>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let change = Change::read(&request)?;
        let sector = self.0.db.transaction(&caller, async |conn| {
            let site = lock_site_of(conn, id).await?;
            let sector: Sector = diesel::update(igny8_sectors::table.filter(owned_by(conn)).filter(live(id)))
                .set((&change, igny8_sectors::updated_at.eq(now)))
                .returning(Sector::as_returning())
                .get_result(conn)
                .await
                .optional()
                .constraints(CONSTRAINTS)?
                .ok_or_else(|| Error::not_found("sector"))?;
            copies::announce(conn, site).await?;
            db::audit::record(conn, &caller, "sector.updated", Some(id), audit::fields(&request.update_mask)).await?;
            Ok(sector)
        });
        Ok(Response::new(sector.await?.into()))
    }

    async fn delete_sector(&self, request: Request<pb::DeleteSectorRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let site = lock_site_of(conn, id).await?;
            let name: String = diesel::update(igny8_sectors::table.filter(owned_by(conn)).filter(live(id)))
                .set(igny8_sectors::deleted_at.eq(now))
                .returning(igny8_sectors::name)
                .get_result(conn)
                .await
                .optional()
                .constraints(CONSTRAINTS)?
                .ok_or_else(|| Error::not_found("sector"))?;
            copies::announce(conn, site).await?;
            let details = [("site_id", site.to_string()), ("name", name)];
            db::audit::record(conn, &caller, "sector.deleted", Some(id), details).await?;
            undo::push(conn, "sector", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }
}

/// One row of `igny8_sectors`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_sectors)]
pub struct Sector {
    pub id: Uuid,
    pub site_id: Uuid,
    pub name: String,
    pub description: String,
    pub industry_sector_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Sector> for pb::Sector {
    fn from(sector: Sector) -> Self {
        let Sector { id, site_id, name, description, industry_sector_id, created_at, updated_at } = sector;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            name,
            description,
            industry_sector_id: industry_sector_id.map(|id| id.to_string()),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_sectors)]
struct New<'r> {
    id: Uuid,
    site_id: Uuid,
    name: &'r str,
    description: &'r str,
    industry_sector_id: Option<Uuid>,
    slot: i16,
}

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_sectors)]
#[expect(
    clippy::option_option,
    reason = "the outer says whether the change names the column, the inner what it becomes"
)]
struct Change<'r> {
    name: Option<&'r str>,
    description: Option<&'r str>,
    industry_sector_id: Option<Option<Uuid>>,
}

impl<'r> Change<'r> {
    fn read(request: &'r pb::UpdateSectorRequest) -> rpc::Result<Self> {
        let mask = Mask::of(&request.update_mask);
        let template = || template(request.industry_sector_id.as_deref());
        Ok(Self {
            name: mask.when("name", &request.name),
            description: mask.when("description", &request.description),
            industry_sector_id: mask.has("industry_sector_id").then(template).transpose()?,
        })
    }
}

fn template(id: Option<&str>) -> rpc::Result<Option<Uuid>> {
    id.map(|id| rpc::id("industry_sector_id", id)).transpose()
}

#[derive(Debug, Default)]
struct Filter {
    site: Option<Uuid>,
    search: Option<String>,
}

type Query = igny8_sectors::BoxedQuery<'static, Pg>;

impl Filter {
    fn read(filter: Option<&pb::SectorFilter>) -> rpc::Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let site = filter.site_id.as_deref().map(|id| rpc::id("site_id", id)).transpose()?;
        let search = Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search));
        Ok(Self { site, search })
    }

    fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_sectors::deleted_at.is_null();
        let mut query = igny8_sectors::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_sectors::site_id.eq(site));
        }
        if let Some(pattern) = &self.search {
            query = query.filter(igny8_sectors::name.ilike(pattern.clone()));
        }
        query
    }
}

fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("name", false) => query.then_order_by(igny8_sectors::name.asc()),
            ("name", true) => query.then_order_by(igny8_sectors::name.desc()),
            ("created_at", false) => query.then_order_by(igny8_sectors::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_sectors::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_sectors::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_sectors::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by((igny8_sectors::name.asc(), igny8_sectors::id.asc()))
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_sectors::account_id, Uuid> {
    igny8_sectors::account_id.eq(conn.account().uuid())
}

fn live(id: Uuid) -> And<Eq<igny8_sectors::id, Uuid>, IsNull<igny8_sectors::deleted_at>> {
    igny8_sectors::id.eq(id).and(igny8_sectors::deleted_at.is_null())
}

/// Holds the site of a sector that is about to change, and answers its id.
async fn lock_site_of(conn: &mut AccountConn, sector: Uuid) -> rpc::Result<Uuid> {
    let site = igny8_sectors::table.filter(owned_by(conn)).filter(live(sector)).select(igny8_sectors::site_id);
    let site: Option<Uuid> = site.first(conn).await.optional()?;
    let site = site.ok_or_else(|| Error::not_found("sector"))?;
    match sites::lock(conn, site).await? {
        Some(true) => Ok(site),
        Some(false) => Err(sites::inactive()),
        None => Err(Error::not_found("sector")),
    }
}

/// A place for one more sector of a site that is locked: two at once do not find the same one.
async fn free_slot(conn: &mut AccountConn, site: Uuid) -> rpc::Result<i16> {
    let taken = igny8_sectors::table
        .filter(owned_by(conn))
        .filter(igny8_sectors::site_id.eq(site))
        .filter(igny8_sectors::deleted_at.is_null());
    let taken: Vec<i16> = taken.select(igny8_sectors::slot).load(conn).await?;
    (1..=5).find(|slot| !taken.contains(slot)).ok_or_else(|| {
        Error::precondition(
            "TOO_MANY_SECTORS",
            "A site has at most five sectors. Delete one first, or use another site.",
        )
    })
}

/// The sectors that a new site begins with.
pub async fn insert_first(conn: &mut AccountConn, site: Uuid, sectors: &[pb::SectorInput]) -> rpc::Result<Vec<Sector>> {
    let account = conn.account().uuid();
    let new = (1..).zip(sectors).map(|(slot, sector)| {
        let pb::SectorInput { name, description, industry_sector_id } = sector;
        let industry_sector_id = template(industry_sector_id.as_deref())?;
        let new = New { id: Uuid::now_v7(), site_id: site, name, description, industry_sector_id, slot };
        Ok((igny8_sectors::account_id.eq(account), new))
    });
    let inserted = diesel::insert_into(igny8_sectors::table)
        .values(new.collect::<rpc::Result<Vec<_>>>()?)
        .returning(Sector::as_returning());
    inserted.get_results(conn).await.constraints(NESTED_CONSTRAINTS)
}

/// The sectors of some sites, in the order of their slots.
pub async fn of_sites(conn: &mut AccountConn, sites: &[Uuid]) -> rpc::Result<Vec<Sector>> {
    let sectors = Sector::query()
        .filter(owned_by(conn))
        .filter(igny8_sectors::site_id.eq_any(sites))
        .filter(igny8_sectors::deleted_at.is_null())
        .order_by(igny8_sectors::slot);
    Ok(sectors.load(conn).await?)
}

/// Deletes what a site that was just deleted had left.
pub async fn delete_with_site(conn: &mut AccountConn, site: Uuid) -> rpc::Result<()> {
    let left = igny8_sectors::table
        .filter(owned_by(conn))
        .filter(igny8_sectors::site_id.eq(site))
        .filter(igny8_sectors::deleted_at.is_null());
    diesel::update(left).set(igny8_sectors::deleted_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// Restores the sectors that were deleted in the same moment as their site: in its transaction, and not one by one before.
pub async fn restore_with_site(conn: &mut AccountConn, site: Uuid, deleted_at: DateTime<Utc>) -> rpc::Result<()> {
    let deleted = igny8_sectors::table
        .filter(owned_by(conn))
        .filter(igny8_sectors::site_id.eq(site))
        .filter(igny8_sectors::deleted_at.eq(deleted_at));
    diesel::update(deleted).set(igny8_sectors::deleted_at.eq(None::<DateTime<Utc>>)).execute(conn).await?;
    Ok(())
}

/// Takes the deletion of a sector back, into any slot that is free by now.
pub async fn restore(conn: &mut AccountConn, id: Uuid) -> rpc::Result<()> {
    let deleted = igny8_sectors::table
        .filter(owned_by(conn))
        .filter(igny8_sectors::id.eq(id))
        .filter(igny8_sectors::deleted_at.is_not_null());
    let site: Option<Uuid> = deleted.select(igny8_sectors::site_id).first(conn).await.optional()?;
    let site = site.ok_or_else(|| Error::not_found("sector"))?;
    if sites::lock(conn, site).await?.is_none() {
        let message = "The site of this sector was deleted. Restore the site first.";
        return Err(Error::precondition("SITE_DELETED", message));
    }
    let slot = free_slot(conn, site).await?;
    diesel::update(deleted)
        .set((igny8_sectors::deleted_at.eq(None::<DateTime<Utc>>), igny8_sectors::slot.eq(slot)))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    copies::announce(conn, site).await
}
