//! What is kept of sites and sectors: rows that come by `auth.site.changed`, and from auth itself where an event has not come yet.

use contracts::auth::v1 as auth;
use contracts::auth::v1::copy_service_client::CopyServiceClient;
use db::AccountConn;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use rpc::client::Context;
use rpc::{Caller, Error, Kind};
use uuid::Uuid;

use crate::App;
use crate::schema::{igny8_sector_copies, igny8_site_copies};

/// One row of `igny8_site_copies`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_site_copies)]
pub struct SiteCopy {
    pub id: Uuid,
    pub name: String,
    pub language: String,
    pub facts: String,
    pub active: bool,
    pub deleted: bool,
}

/// Keeps what auth tells of a site. A copy that is older than the one here changes nothing.
pub async fn apply(conn: &mut AccountConn, copy: &auth::SiteCopy) -> rpc::Result<()> {
    let (account, site) = (conn.account().uuid(), rpc::id("id", &copy.id)?);
    let upsert = diesel::insert_into(igny8_site_copies::table)
        .values((
            igny8_site_copies::account_id.eq(account),
            igny8_site_copies::id.eq(site),
            igny8_site_copies::version.eq(copy.version),
            igny8_site_copies::name.eq(&copy.name),
            igny8_site_copies::language.eq(&copy.language),
            igny8_site_copies::country.eq(&copy.country),
            igny8_site_copies::facts.eq(&copy.facts),
            igny8_site_copies::active.eq(copy.active),
            igny8_site_copies::deleted.eq(copy.deleted),
        ))
        .on_conflict((igny8_site_copies::account_id, igny8_site_copies::id))
        .do_update()
        .set((
            igny8_site_copies::version.eq(excluded(igny8_site_copies::version)),
            igny8_site_copies::name.eq(excluded(igny8_site_copies::name)),
            igny8_site_copies::language.eq(excluded(igny8_site_copies::language)),
            igny8_site_copies::country.eq(excluded(igny8_site_copies::country)),
            igny8_site_copies::facts.eq(excluded(igny8_site_copies::facts)),
            igny8_site_copies::active.eq(excluded(igny8_site_copies::active)),
            igny8_site_copies::deleted.eq(excluded(igny8_site_copies::deleted)),
        ));
    // Not the method of queries, which has the same name.
    let newer = methods::FilterDsl::filter(upsert, igny8_site_copies::version.lt(excluded(igny8_site_copies::version)));
    let kept = newer.execute(conn).await?;
    if kept == 0 {
        return Ok(());
    }
    apply_sectors(conn, site, &copy.sectors).await
}

async fn apply_sectors(conn: &mut AccountConn, site: Uuid, sectors: &[auth::SectorCopy]) -> rpc::Result<()> {
    let account = conn.account().uuid();
    let row = |sector: &auth::SectorCopy| {
        Ok((
            igny8_sector_copies::account_id.eq(account),
            igny8_sector_copies::id.eq(rpc::id("sectors.id", &sector.id)?),
            igny8_sector_copies::site_id.eq(site),
            igny8_sector_copies::name.eq(sector.name.clone()),
            igny8_sector_copies::deleted.eq(sector.deleted),
        ))
    };
    diesel::insert_into(igny8_sector_copies::table)
        .values(sectors.iter().map(row).collect::<rpc::Result<Vec<_>>>()?)
        .on_conflict((igny8_sector_copies::account_id, igny8_sector_copies::id))
        .do_update()
        .set((
            igny8_sector_copies::name.eq(excluded(igny8_sector_copies::name)),
            igny8_sector_copies::deleted.eq(excluded(igny8_sector_copies::deleted)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes sure that the copy of a sector is here before something is bound to it: asks auth where no event has told of it yet.
pub async fn fetch(app: &App, caller: &Caller, site: Uuid, sector: Uuid) -> rpc::Result<()> {
    let known = app.db.account(caller.account(), async |conn| known(conn, site, sector).await).await?;
    if known {
        return Ok(());
    }
    let channel = app.auth.with(Context::from(caller.peer()).account(caller.account()));
    let request = auth::GetSiteCopyRequest { site_id: site.to_string() };
    match CopyServiceClient::new(channel).get_site_copy(request).await.map_err(Error::from) {
        Ok(copy) => app.db.account(caller.account(), async |conn| apply(conn, copy.get_ref()).await).await,
        // `open` says so in its own words.
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

async fn known(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> rpc::Result<bool> {
    let sectors = igny8_sector_copies::table.find((conn.account().uuid(), sector));
    let sectors = sectors.filter(igny8_sector_copies::site_id.eq(site)).count();
    Ok(sectors.get_result::<i64>(conn).await? > 0)
}

/// Refuses a sector that something new cannot be bound to: of an inactive or deleted site, deleted itself, or of another site.
pub async fn open(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> rpc::Result<()> {
    let account = conn.account().uuid();
    let found: Option<SiteCopy> = SiteCopy::query()
        .filter(igny8_site_copies::account_id.eq(account))
        .filter(igny8_site_copies::id.eq(site))
        .first(conn)
        .await
        .optional()?;
    let found = found.filter(|site| !site.deleted);
    if !found.ok_or_else(|| Error::invalid("site_id", "There is no such site."))?.active {
        let message = "This site is not active and cannot be changed. Activate it first.";
        return Err(Error::precondition("SITE_INACTIVE", message));
    }
    let sectors = igny8_sector_copies::table.find((account, sector));
    let live = sectors.filter(igny8_sector_copies::site_id.eq(site)).filter(igny8_sector_copies::deleted.eq(false));
    match live.count().get_result::<i64>(conn).await? {
        0 => Err(Error::invalid("sector_id", "This site has no such sector.")),
        _ => Ok(()),
    }
}
