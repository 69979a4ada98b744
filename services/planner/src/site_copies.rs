//! What this service knows of auth's sites and sectors: by their events, and by asking when an event has not come yet.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::auth::v1 as auth;
use contracts::auth::v1::copy_service_client::CopyServiceClient;
use db::{AccountConn, Db};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{self as types, BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use moka::future::Cache;
use rpc::client::{Channel, Context};
use rpc::{Caller, Error, Kind, Result};
use uuid::Uuid;

use crate::patience;
use crate::schema::{igny8_clusters, igny8_keywords, igny8_sector_copies, igny8_site_copies};
use crate::sql::Sql;

/// How long a copy that is there need not be looked for again.
const KNOWN_FOR: Duration = Duration::from_mins(1);

/// When to try again while auth is away.
const AGAIN: Duration = Duration::from_secs(2);

/// Gets copies that are missing.
#[derive(Debug)]
pub struct Sites {
    db: Db,
    auth: Channel,
    known: Cache<(Uuid, Uuid, Uuid), ()>,
}

/// What a write into a sector needs to know of its site.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Place {
    /// ISO 639-1.
    pub language: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl Sites {
    pub fn new(db: Db, auth: Channel) -> Self {
        Self { db, auth, known: Cache::builder().max_capacity(100_000).time_to_live(KNOWN_FOR).build() }
    }

    /// Makes sure that the site and its sector are here, if auth has them. Call it before the transaction that writes; [`writable`] decides
    /// in it. What auth does not have either is left to that.
    pub async fn ensure(&self, caller: &Caller, site: Uuid, sector: Uuid) -> Result<()> {
        let key = (caller.account().uuid(), site, sector);
        if self.known.contains_key(&key) {
            return Ok(());
        }
        if !self.has(caller, site, sector).await? && !self.pull(caller, site).await? {
            return Ok(());
        }
        self.known.insert(key, ()).await;
        Ok(())
    }

    /// The same for the site as a whole.
    pub async fn ensure_site(&self, caller: &Caller, site: Uuid) -> Result<()> {
        let here = self.db.account(caller.account(), async |conn| {
            let row = igny8_site_copies::table.find((conn.account().uuid(), site));
            Ok(diesel::select(diesel::dsl::exists(row)).get_result::<bool>(conn).await?)
        });
        if !here.await? {
            self.pull(caller, site).await?;
        }
        Ok(())
    }

    async fn has(&self, caller: &Caller, site: Uuid, sector: Uuid) -> Result<bool> {
        let found = self.db.account(caller.account(), async |conn| {
            let sector = igny8_sector_copies::table.find((conn.account().uuid(), sector));
            let sector = sector.filter(igny8_sector_copies::site_id.eq(site));
            Ok(diesel::select(diesel::dsl::exists(sector)).get_result(conn).await?)
        });
        found.await
    }

    /// Whether auth has the site.
    async fn pull(&self, caller: &Caller, site: Uuid) -> Result<bool> {
        let channel = self.auth.with(Context::from(caller.peer()).account(caller.account()));
        let request = auth::GetSiteCopyRequest { site_id: site.to_string() };
        let copy = match CopyServiceClient::new(channel).get_site_copy(request).await {
            Ok(copy) => copy.into_inner(),
            Err(status) => {
                let error = Error::from(status);
                return match error.kind() {
                    Kind::NotFound => Ok(false),
                    Kind::Unavailable | Kind::DeadlineExceeded => Err(unknown_yet(error)),
                    _ => Err(error),
                };
            }
        };
        self.db.account(caller.account(), async |conn| store(conn, &copy).await).await?;
        Ok(true)
    }
}

/// Nobody says whether there is such a site.
fn unknown_yet(cause: Error) -> Error {
    let message = "This site is new here, and the service that knows it cannot be reached. Nothing was changed. Try again in a few seconds.";
    Error::new(Kind::Unavailable, "SITE_UNKNOWN_YET", message).with_retry_after(AGAIN).with_cause(cause)
}

/// Checks that the sector is one of the site, and that the site may be written to.
pub async fn writable(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> Result<Place> {
    type Found = (Bool, Nullable<types::Uuid>, (Text, Text));
    let sql = Sql::<Found>::new(
        "SELECT s.active, c.id, s.language, s.country FROM igny8_site_copies s
         LEFT JOIN igny8_sector_copies c ON c.account_id = s.account_id AND c.site_id = s.id AND c.deleted_at IS NULL AND c.id = ",
    );
    let sql = sql.bind(sector).text(" WHERE s.deleted_at IS NULL AND s.account_id = ").bind(conn.account().uuid());
    let found: Vec<(bool, Option<Uuid>, Place)> = sql.text(" AND s.id = ").bind(site).load(conn).await?;
    let found = found.into_iter().next();
    match found {
        None => Err(Error::invalid("site_id", "There is no such site. It may have been deleted.")),
        Some((_, None, _)) => {
            Err(Error::invalid("sector_id", "This site has no such sector. It may have been deleted."))
        }
        Some((false, ..)) => Err(inactive()),
        Some((true, Some(_), place)) => Ok(place),
    }
}

/// Checks that a site that rows belong to may be written to.
pub async fn active(conn: &mut AccountConn, site: Uuid) -> Result<()> {
    let found = igny8_site_copies::table.find((conn.account().uuid(), site)).select(igny8_site_copies::active);
    match found.first(conn).await.optional()? {
        Some(false) => Err(inactive()),
        _ => Ok(()),
    }
}

/// An inactive site and all that belongs to it is read only.
pub fn inactive() -> Error {
    Error::precondition("SITE_INACTIVE", "This site is not active and cannot be changed. Activate it first.")
}

/// Takes over a copy unless a newer one is here. What belongs to a deleted site or sector goes with it, and comes back with it.
pub async fn store(conn: &mut AccountConn, copy: &auth::SiteCopy) -> Result<()> {
    let site = rpc::id("site.id", &copy.id)?;
    if !store_site(conn, site, copy).await? {
        return Ok(());
    }
    let known: HashMap<Uuid, Option<DateTime<Utc>>> = igny8_sector_copies::table
        .filter(igny8_sector_copies::account_id.eq(conn.account().uuid()))
        .filter(igny8_sector_copies::site_id.eq(site))
        .select((igny8_sector_copies::id, igny8_sector_copies::deleted_at))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    for sector in &copy.sectors {
        let id = rpc::id("site.sectors.id", &sector.id)?;
        let deleted = copy.deleted || sector.deleted;
        store_sector(conn, site, id, (sector, deleted)).await?;
        match (known.get(&id), deleted) {
            (Some(None), true) => hide(conn, id).await?,
            (Some(Some(at)), false) => show(conn, id, *at).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Whether it was newer than what is here.
async fn store_site(conn: &mut AccountConn, id: Uuid, copy: &auth::SiteCopy) -> Result<bool> {
    let changed = db::statement(
        "INSERT INTO igny8_site_copies AS old
             (account_id, id, version, name, domain, time_zone, language, country, facts, active, deleted_at, auto_publish)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $11 THEN now() END, $12)
         ON CONFLICT (account_id, id) DO UPDATE SET version = excluded.version, name = excluded.name, domain = excluded.domain,
             time_zone = excluded.time_zone, language = excluded.language, country = excluded.country, facts = excluded.facts,
             active = excluded.active, auto_publish = excluded.auto_publish,
             deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(old.deleted_at, excluded.deleted_at) END
         WHERE old.version < excluded.version",
    );
    let changed = changed
        .bind::<types::Uuid, _>(conn.account().uuid())
        .bind::<types::Uuid, _>(id)
        .bind::<BigInt, _>(copy.version)
        .bind::<Text, _>(&copy.name)
        .bind::<Text, _>(&copy.domain)
        .bind::<Text, _>(&copy.time_zone)
        .bind::<Text, _>(&copy.language)
        .bind::<Text, _>(&copy.country)
        .bind::<Text, _>(&copy.facts)
        .bind::<Bool, _>(copy.active)
        .bind::<Bool, _>(copy.deleted)
        .bind::<Bool, _>(copy.auto_publish);
    Ok(changed.execute(conn).await? == 1)
}

async fn store_sector(
    conn: &mut AccountConn,
    site: Uuid,
    id: Uuid,
    (sector, deleted): (&auth::SectorCopy, bool),
) -> Result<()> {
    db::statement(
        "INSERT INTO igny8_sector_copies AS old (account_id, id, site_id, name, description, deleted_at)
         VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)
         ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name, description = excluded.description,
             deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(old.deleted_at, excluded.deleted_at) END",
    )
    .bind::<types::Uuid, _>(conn.account().uuid())
    .bind::<types::Uuid, _>(id)
    .bind::<types::Uuid, _>(site)
    .bind::<Text, _>(&sector.name)
    .bind::<Text, _>(&sector.description)
    .bind::<Bool, _>(deleted)
    .execute(conn)
    .await?;
    Ok(())
}

/// The rows share the moment of their deletion with the sector's copy, by which [`show`] knows them from those that people deleted.
async fn hide(conn: &mut AccountConn, sector: Uuid) -> Result<()> {
    patience::take(conn).await?;
    let account = conn.account().uuid();
    let keywords = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(account).and(igny8_keywords::sector_id.eq(sector)))
        .filter(igny8_keywords::deleted_at.is_null());
    diesel::update(keywords).set(igny8_keywords::deleted_at.eq(now)).execute(conn).await?;
    let clusters = igny8_clusters::table
        .filter(igny8_clusters::account_id.eq(account).and(igny8_clusters::sector_id.eq(sector)))
        .filter(igny8_clusters::deleted_at.is_null());
    diesel::update(clusters).set(igny8_clusters::deleted_at.eq(now)).execute(conn).await?;
    Ok(())
}

async fn show(conn: &mut AccountConn, sector: Uuid, deleted_at: DateTime<Utc>) -> Result<()> {
    patience::take(conn).await?;
    let account = conn.account().uuid();
    let keywords = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(account).and(igny8_keywords::sector_id.eq(sector)))
        .filter(igny8_keywords::deleted_at.eq(deleted_at));
    diesel::update(keywords).set(igny8_keywords::deleted_at.eq(None::<DateTime<Utc>>)).execute(conn).await?;
    let clusters = igny8_clusters::table
        .filter(igny8_clusters::account_id.eq(account).and(igny8_clusters::sector_id.eq(sector)))
        .filter(igny8_clusters::deleted_at.eq(deleted_at));
    diesel::update(clusters).set(igny8_clusters::deleted_at.eq(None::<DateTime<Utc>>)).execute(conn).await?;
    Ok(())
}
