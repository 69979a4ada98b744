//! Sites: the web sites that an account writes for, each with one to five sectors.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::auth::v1 as pb;
use contracts::auth::v1::site_service_server::SiteService;
use contracts::rest::v1::Deleted;
use db::{AccountConn, Constraint, OnConstraint, Page, undo};
use diesel::dsl::{And, Eq, IsNull, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::input::{Change, New};
use self::list::Filter;
use crate::schema::igny8_sites;
use crate::sectors::{self, Sector};
use crate::{App, audit, copies};

mod checks;
mod input;
mod iso;
mod list;

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("domain"),
        ..Constraint::new(
            "igny8_sites_account_id_domain_key",
            "SITE_DOMAIN_TAKEN",
            "Another site of this account has this domain. Choose another one.",
        )
    },
    Constraint {
        field: Some("industry_id"),
        ..Constraint::new(
            "igny8_sites_industry_id_fkey",
            "INVALID_FIELD",
            "There is no such industry. Choose one of the catalogue.",
        )
    },
];

#[derive(Debug)]
pub struct Sites(pub Arc<App>);

#[tonic::async_trait]
impl SiteService for Sites {
    async fn list_sites(
        &self,
        request: Request<pb::ListSitesRequest>,
    ) -> Result<Response<pb::ListSitesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = list::ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Site::as_select())
                .load(conn)
                .await?;
            Ok(pb::ListSitesResponse { results: with_sectors(conn, rows).await?, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_site(&self, request: Request<pb::GetSiteRequest>) -> Result<Response<pb::Site>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let site = self.0.db.transaction(&caller, async |conn| {
            let site = Site::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
            with_its_sectors(conn, site.ok_or_else(|| Error::not_found("site"))?).await
        });
        Ok(Response::new(site.await?))
    }

    async fn create_site(&self, request: Request<pb::SiteInput>) -> Result<Response<pb::Site>, Status> {
        let (caller, input) = rpc::open(request)?;
        sees_all_sites(&caller)?;
        let site = self.0.db.transaction(&caller, async |conn| {
            let site = insert(conn, &input).await?;
            let id = rpc::id("id", &site.id)?;
            db::audit::record(conn, &caller, "site.created", Some(id), [("domain", site.domain.clone())]).await?;
            Ok(site)
        });
        Ok(Response::new(site.await?))
    }

    async fn update_site(&self, request: Request<pb::UpdateSiteRequest>) -> Result<Response<pb::Site>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let change = Change::read(&request)?;
        let site = self.0.db.transaction(&caller, async |conn| {
            let active = lock(conn, id).await?.ok_or_else(|| Error::not_found("site"))?;
            if !active && !change.may_change_an_inactive_site() {
                return Err(inactive());
            }
            let site = diesel::update(igny8_sites::table.filter(owned_by(conn)).filter(live(id)))
                .set((&change, igny8_sites::updated_at.eq(now)))
                .returning(Site::as_returning())
                .get_result(conn)
                .await
                .constraints(CONSTRAINTS)?;
            copies::announce(conn, id).await?;
            db::audit::record(conn, &caller, "site.updated", Some(id), audit::fields(&request.update_mask)).await?;
            with_its_sectors(conn, site).await
        });
        Ok(Response::new(site.await?))
    }

    async fn delete_site(&self, request: Request<pb::DeleteSiteRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let domain: Option<String> = diesel::update(igny8_sites::table.filter(owned_by(conn)).filter(live(id)))
                .set(igny8_sites::deleted_at.eq(now))
                .returning(igny8_sites::domain)
                .get_result(conn)
                .await
                .optional()?;
            let domain = domain.ok_or_else(|| Error::not_found("site"))?;
            sectors::delete_with_site(conn, id).await?;
            copies::announce(conn, id).await?;
            db::audit::record(conn, &caller, "site.deleted", Some(id), [("domain", domain)]).await?;
            undo::push(conn, "site", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }
}

/// One row of `igny8_sites`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_sites)]
pub struct Site {
    pub id: Uuid,
    pub name: String,
    pub domain: String,
    pub industry_id: Option<Uuid>,
    pub time_zone: String,
    pub language: String,
    pub country: String,
    pub facts: String,
    pub colours: Vec<String>,
    pub active: bool,
    pub auto_publish: bool,
    pub daily_pace: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Site {
    fn with(self, sectors: Vec<Sector>) -> pb::Site {
        let Self {
            id,
            name,
            domain,
            industry_id,
            time_zone,
            language,
            country,
            facts,
            colours,
            active,
            auto_publish,
            daily_pace,
            created_at,
            updated_at,
        } = self;
        pb::Site {
            id: id.to_string(),
            name,
            domain,
            industry_id: industry_id.map(|id| id.to_string()),
            time_zone,
            language,
            country,
            facts,
            colours,
            active,
            auto_publish,
            daily_pace,
            sectors: sectors.into_iter().map(pb::Sector::from).collect(),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_sites::account_id, Uuid> {
    igny8_sites::account_id.eq(conn.account().uuid())
}

fn live(id: Uuid) -> And<Eq<igny8_sites::id, Uuid>, IsNull<igny8_sites::deleted_at>> {
    igny8_sites::id.eq(id).and(igny8_sites::deleted_at.is_null())
}

/// A new site with its sectors. The caller records who made it.
pub async fn insert(conn: &mut AccountConn, input: &pb::SiteInput) -> rpc::Result<pb::Site> {
    let new = New::read(input)?;
    let site = diesel::insert_into(igny8_sites::table)
        .values((igny8_sites::account_id.eq(conn.account().uuid()), igny8_sites::id.eq(Uuid::now_v7()), &new))
        .returning(Site::as_returning())
        .get_result(conn)
        .await
        .constraints(CONSTRAINTS)?;
    let sectors = sectors::insert_first(conn, site.id, &input.sectors).await?;
    copies::announce(conn, site.id).await?;
    Ok(site.with(sectors))
}

/// Holds a live site's row to the end of the transaction: what is done to its sectors is done one at a time. Answers whether the site is
/// active, or nothing when there is no such site.
pub async fn lock(conn: &mut AccountConn, id: Uuid) -> rpc::Result<Option<bool>> {
    let site = igny8_sites::table.filter(owned_by(conn)).filter(live(id)).select(igny8_sites::active);
    Ok(site.for_no_key_update().first(conn).await.optional()?)
}

/// An inactive site and all that belongs to it is read only.
pub fn inactive() -> Error {
    Error::precondition("SITE_INACTIVE", "This site is not active and cannot be changed. Activate it first.")
}

/// The ids in a list of a request.
pub fn ids(field: &str, texts: &[String]) -> rpc::Result<Vec<Uuid>> {
    texts.iter().enumerate().map(|(at, text)| rpc::id(&format!("{field}.{at}"), text)).collect()
}

/// Those sites of a list that were not deleted, held to the end of the transaction.
pub async fn those_that_live(conn: &mut AccountConn, ids: &[Uuid]) -> rpc::Result<Vec<Uuid>> {
    let live = igny8_sites::table.filter(owned_by(conn)).filter(igny8_sites::deleted_at.is_null());
    let live = live.filter(igny8_sites::id.eq_any(ids)).select(igny8_sites::id);
    Ok(live.for_key_share().load(conn).await?)
}

/// Refuses a list with a site that does not exist.
pub async fn all_live(conn: &mut AccountConn, field: &str, ids: &[Uuid]) -> rpc::Result<()> {
    let live = those_that_live(conn, ids).await?;
    match ids.iter().position(|id| !live.contains(id)) {
        None => Ok(()),
        Some(at) => Err(Error::invalid(format!("{field}.{at}"), "There is no such site.")),
    }
}

/// Takes the deletion of a site back, with the sectors that went with it. The two share the moment of their deletion.
pub async fn restore(conn: &mut AccountConn, id: Uuid) -> rpc::Result<()> {
    let deleted = igny8_sites::table.filter(owned_by(conn)).filter(igny8_sites::id.eq(id));
    let found: Option<Option<DateTime<Utc>>> =
        deleted.select(igny8_sites::deleted_at).for_no_key_update().first(conn).await.optional()?;
    let deleted_at = found.flatten().ok_or_else(|| Error::not_found("site"))?;
    diesel::update(deleted)
        .set(igny8_sites::deleted_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    sectors::restore_with_site(conn, id, deleted_at).await?;
    copies::announce(conn, id).await
}

async fn with_its_sectors(conn: &mut AccountConn, site: Site) -> rpc::Result<pb::Site> {
    let sectors = sectors::of_sites(conn, &[site.id]).await?;
    Ok(site.with(sectors))
}

async fn with_sectors(conn: &mut AccountConn, sites: Vec<Site>) -> rpc::Result<Vec<pb::Site>> {
    let ids: Vec<Uuid> = sites.iter().map(|site| site.id).collect();
    let mut sectors: HashMap<Uuid, Vec<Sector>> = HashMap::new();
    for sector in sectors::of_sites(conn, &ids).await? {
        sectors.entry(sector.site_id).or_default().push(sector);
    }
    let of_site = |site: Site| {
        let sectors = sectors.remove(&site.id).unwrap_or_default();
        site.with(sectors)
    };
    Ok(sites.into_iter().map(of_site).collect())
}

/// A key that was made for some sites would not see the one that it makes.
fn sees_all_sites(caller: &Caller) -> rpc::Result<()> {
    if caller.sites().is_empty() {
        return Ok(());
    }
    Err(Error::denied("SITES_RESTRICTED", "You work on certain sites only and cannot make new ones."))
}
