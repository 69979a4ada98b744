//! Copies: what other services keep of sites and sectors. They hear of every change, and ask for what they have not heard of yet.

use std::sync::Arc;

use contracts::auth::v1 as pb;
use contracts::auth::v1::copy_service_server::CopyService;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::{igny8_sectors as sectors, igny8_sites as sites};

#[derive(Debug)]
pub struct Copies(pub Arc<App>);

#[tonic::async_trait]
impl CopyService for Copies {
    async fn get_site_copy(&self, request: Request<pb::GetSiteCopyRequest>) -> Result<Response<pb::SiteCopy>, Status> {
        let (caller, request) = rpc::open_internal(request)?;
        let id = rpc::id("site_id", &request.site_id)?;
        let copy = self.0.db.account(caller.account_required()?, async |conn| {
            let site = sites::table.find((conn.account().uuid(), id)).select(Copied::as_select());
            let site: Option<Copied> = site.first(conn).await.optional()?;
            let site = site.ok_or_else(|| Error::not_found("site"))?;
            Ok(site.with(of_site(conn, id).await?))
        });
        Ok(Response::new(copy.await?))
    }
}

/// Raises the version of a site and tells the other services what it looks like by now. To be called last in every transaction that changes
/// a site or its sectors.
pub async fn announce(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let site: Copied = diesel::update(sites::table.find((conn.account().uuid(), id)))
        .set(sites::version.eq(sites::version + 1))
        .returning(Copied::as_returning())
        .get_result(conn)
        .await?;
    let copy = site.with(of_site(conn, id).await?);
    bus::push(conn, id, &pb::SiteChanged { site: Some(copy) }).await
}

/// One row of `igny8_sites`, as others see it.
#[derive(Debug, HasQuery)]
#[diesel(table_name = sites)]
struct Copied {
    id: Uuid,
    version: i64,
    name: String,
    domain: String,
    time_zone: String,
    language: String,
    country: String,
    facts: String,
    colours: Vec<String>,
    active: bool,
    auto_publish: bool,
    daily_pace: i32,
    #[diesel(select_expression = sites::deleted_at.is_not_null())]
    deleted: bool,
}

impl Copied {
    fn with(self, sectors: Vec<Sector>) -> pb::SiteCopy {
        let Self {
            id,
            version,
            name,
            domain,
            time_zone,
            language,
            country,
            facts,
            colours,
            active,
            auto_publish,
            daily_pace,
            deleted,
        } = self;
        pb::SiteCopy {
            id: id.to_string(),
            version,
            name,
            domain,
            time_zone,
            language,
            country,
            facts,
            colours,
            active,
            auto_publish,
            daily_pace,
            deleted,
            sectors: sectors.into_iter().map(pb::SectorCopy::from).collect(),
        }
    }
}

/// One row of `igny8_sectors`, as others see it.
#[derive(Debug, HasQuery)]
#[diesel(table_name = sectors)]
struct Sector {
    id: Uuid,
    name: String,
    description: String,
    #[diesel(select_expression = sectors::deleted_at.is_not_null())]
    deleted: bool,
}

impl From<Sector> for pb::SectorCopy {
    fn from(Sector { id, name, description, deleted }: Sector) -> Self {
        Self { id: id.to_string(), name, description, deleted }
    }
}

/// All sectors of a site, deleted ones too.
async fn of_site(conn: &mut AccountConn, site: Uuid) -> Result<Vec<Sector>> {
    let of_site = sectors::account_id.eq(conn.account().uuid()).and(sectors::site_id.eq(site));
    Ok(Sector::query().filter(of_site).order_by((sectors::slot, sectors::id)).load(conn).await?)
}
