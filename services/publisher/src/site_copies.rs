//! What is kept of sites: rows that come by `auth.site.changed`, and from auth itself where an event has not come yet.

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
use crate::schema::igny8_site_copies;

/// One row of `igny8_site_copies`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_site_copies)]
pub struct SiteCopy {
    pub id: Uuid,
    pub name: String,
    /// As `Europe/Berlin`.
    pub time_zone: String,
    pub language: String,
    pub active: bool,
    pub auto_publish: bool,
    /// How many articles a day.
    pub daily_pace: i32,
    pub deleted: bool,
}

/// Keeps what auth tells of a site. A copy that is older than the one here changes nothing.
pub async fn apply(conn: &mut AccountConn, copy: &auth::SiteCopy) -> rpc::Result<()> {
    let upsert = diesel::insert_into(igny8_site_copies::table)
        .values((
            igny8_site_copies::account_id.eq(conn.account().uuid()),
            igny8_site_copies::id.eq(rpc::id("id", &copy.id)?),
            igny8_site_copies::version.eq(copy.version),
            igny8_site_copies::name.eq(&copy.name),
            igny8_site_copies::time_zone.eq(&copy.time_zone),
            igny8_site_copies::language.eq(&copy.language),
            igny8_site_copies::active.eq(copy.active),
            igny8_site_copies::auto_publish.eq(copy.auto_publish),
            igny8_site_copies::daily_pace.eq(copy.daily_pace),
            igny8_site_copies::deleted.eq(copy.deleted),
        ))
        .on_conflict((igny8_site_copies::account_id, igny8_site_copies::id))
        .do_update()
        .set((
            igny8_site_copies::version.eq(excluded(igny8_site_copies::version)),
            igny8_site_copies::name.eq(excluded(igny8_site_copies::name)),
            igny8_site_copies::time_zone.eq(excluded(igny8_site_copies::time_zone)),
            igny8_site_copies::language.eq(excluded(igny8_site_copies::language)),
            igny8_site_copies::active.eq(excluded(igny8_site_copies::active)),
            igny8_site_copies::auto_publish.eq(excluded(igny8_site_copies::auto_publish)),
            igny8_site_copies::daily_pace.eq(excluded(igny8_site_copies::daily_pace)),
            igny8_site_copies::deleted.eq(excluded(igny8_site_copies::deleted)),
        ));
    // Not the method of queries, which has the same name.
    let newer = methods::FilterDsl::filter(upsert, igny8_site_copies::version.lt(excluded(igny8_site_copies::version)));
    newer.execute(conn).await?;
    Ok(())
}

/// Makes sure that the copy of a site is here before something is bound to it: asks auth where no event has told of it yet.
pub async fn fetch(app: &App, caller: &Caller, site: Uuid) -> rpc::Result<()> {
    let known = app.db.account(caller.account(), async |conn| Ok(find(conn, site).await?.is_some())).await?;
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

/// What is known of a site.
pub async fn find(conn: &mut AccountConn, site: Uuid) -> rpc::Result<Option<SiteCopy>> {
    let found = SiteCopy::query()
        .filter(igny8_site_copies::account_id.eq(conn.account().uuid()))
        .filter(igny8_site_copies::id.eq(site));
    Ok(found.first(conn).await.optional()?)
}

/// The site, [open](open), and to the end of the transaction nobody else's to lock.
pub async fn lock(conn: &mut AccountConn, site: Uuid) -> rpc::Result<SiteCopy> {
    let row = igny8_site_copies::table.find((conn.account().uuid(), site));
    row.for_no_key_update().select(igny8_site_copies::id).first::<Uuid>(conn).await.optional()?;
    open(conn, site).await
}

/// The site, unless something new cannot be bound to it: it is not active, deleted, or another account's.
pub async fn open(conn: &mut AccountConn, site: Uuid) -> rpc::Result<SiteCopy> {
    let found = find(conn, site).await?.filter(|site| !site.deleted);
    let found = found.ok_or_else(|| Error::invalid("site_id", "There is no such site."))?;
    if !found.active {
        let message = "This site is not active and cannot be changed. Activate it first.";
        return Err(Error::precondition("SITE_INACTIVE", message));
    }
    Ok(found)
}
