//! What this service knows of auth's sites and sectors: by their events, and by asking when an event has not come yet.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::auth::v1 as auth;
use contracts::auth::v1::copy_service_client::CopyServiceClient;
use db::{AccountConn, Db};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use moka::future::Cache;
use rpc::client::{Channel, Context};
use rpc::{Caller, Error, Kind, Result};
use uuid::Uuid;

use crate::patience;
use crate::schema::{igny8_sector_copies, igny8_site_copies};

/// How long a copy that is there need not be looked for again.
const KNOWN_FOR: Duration = Duration::from_mins(1);

/// Gets copies that are missing.
#[derive(Debug)]
pub struct Sites {
    db: Db,
    auth: Channel,
    known: Cache<(Uuid, Uuid, Uuid), ()>,
}

/// One row of `igny8_site_copies`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_site_copies)]
pub struct SiteCopy {
    pub id: Uuid,
    pub name: String,
    /// ISO 639-1; empty where the owner said nothing.
    pub language: String,
    /// As its owner wrote them.
    pub facts: String,
    /// As `#1a2b3c`.
    pub colours: Vec<String>,
    pub active: bool,
    /// Whether automation may approve and publish.
    pub auto_publish: bool,
}

impl SiteCopy {
    /// A site that is not deleted.
    pub async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(igny8_site_copies::account_id.eq(conn.account().uuid()));
        let query = query.filter(igny8_site_copies::id.eq(id)).filter(igny8_site_copies::deleted_at.is_null());
        query.first(conn).await.optional()?.ok_or_else(|| Error::not_found("site"))
    }
}

impl Sites {
    pub fn new(db: Db, auth: Channel) -> Self {
        Self { db, auth, known: Cache::builder().max_capacity(100_000).time_to_live(KNOWN_FOR).build() }
    }

    /// Makes sure that the site and its sector are here, if auth has them. Call it before the transaction that writes; [`writable`] decides
    /// in it. What auth does not have either is left to that.
    pub async fn ensure(&self, caller: &Caller, site: Uuid, sector: Uuid) -> Result<()> {
        self.pull(caller.account(), Context::from(caller.peer()), (site, sector)).await
    }

    /// The same for an event that came before the one of its site.
    pub async fn ensure_unattended(&self, account: rpc::AccountId, site: Uuid, sector: Uuid) -> Result<()> {
        self.pull(account, Context::default(), (site, sector)).await
    }

    async fn pull(&self, account: rpc::AccountId, context: Context, (site, sector): (Uuid, Uuid)) -> Result<()> {
        let key = (account.uuid(), site, sector);
        if self.known.contains_key(&key) {
            return Ok(());
        }
        let here = self.db.account(account, async |conn| {
            let sector = igny8_sector_copies::table.find((conn.account().uuid(), sector));
            let sector = sector.filter(igny8_sector_copies::site_id.eq(site));
            Ok(diesel::select(diesel::dsl::exists(sector)).get_result::<bool>(conn).await?)
        });
        if !here.await? {
            let Some(copy) = self.ask(context.account(account), site).await? else { return Ok(()) };
            self.db.account(account, async |conn| store(conn, &copy).await).await?;
        }
        self.known.insert(key, ()).await;
        Ok(())
    }

    /// The copy that auth has, if it has the site.
    async fn ask(&self, context: Context, site: Uuid) -> Result<Option<auth::SiteCopy>> {
        let request = auth::GetSiteCopyRequest { site_id: site.to_string() };
        match CopyServiceClient::new(self.auth.with(context)).get_site_copy(request).await.map_err(Error::from) {
            Ok(copy) => Ok(Some(copy.into_inner())),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Checks that the sector is one of the site, and that the site may be written to.
pub async fn writable(conn: &mut AccountConn, site: Uuid, sector: Uuid) -> Result<()> {
    let account = conn.account().uuid();
    let found = igny8_site_copies::table.find((account, site)).filter(igny8_site_copies::deleted_at.is_null());
    let found: Option<bool> = found.select(igny8_site_copies::active).first(conn).await.optional()?;
    let Some(active) = found else {
        return Err(Error::invalid("site_id", "There is no such site. It may have been deleted."));
    };
    let found = igny8_sector_copies::table
        .find((account, sector))
        .filter(igny8_sector_copies::site_id.eq(site))
        .filter(igny8_sector_copies::deleted_at.is_null());
    if !diesel::select(diesel::dsl::exists(found)).get_result::<bool>(conn).await? {
        return Err(Error::invalid("sector_id", "This site has no such sector. It may have been deleted."));
    }
    if active { Ok(()) } else { Err(inactive()) }
}

/// Checks that sites that rows belong to may be written to.
pub async fn active(conn: &mut AccountConn, sites: impl IntoIterator<Item = Uuid>) -> Result<()> {
    let sites: Vec<Uuid> = sites.into_iter().collect();
    let inactive_ones = igny8_site_copies::table
        .filter(igny8_site_copies::account_id.eq(conn.account().uuid()))
        .filter(igny8_site_copies::id.eq_any(sites))
        .filter(igny8_site_copies::active.eq(false));
    let any: bool = diesel::select(diesel::dsl::exists(inactive_ones)).get_result(conn).await?;
    if any { Err(inactive()) } else { Ok(()) }
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
             (account_id, id, version, name, language, facts, colours, active, auto_publish, deleted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $10 THEN now() END)
         ON CONFLICT (account_id, id) DO UPDATE SET version = excluded.version, name = excluded.name, language = excluded.language,
             facts = excluded.facts, colours = excluded.colours, active = excluded.active, auto_publish = excluded.auto_publish,
             deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(old.deleted_at, excluded.deleted_at) END
         WHERE old.version < excluded.version",
    );
    let changed = changed
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(copy.version)
        .bind::<Text, _>(&copy.name)
        .bind::<Text, _>(&copy.language)
        .bind::<Text, _>(&copy.facts)
        .bind::<Array<Text>, _>(&copy.colours)
        .bind::<Bool, _>(copy.active)
        .bind::<Bool, _>(copy.auto_publish)
        .bind::<Bool, _>(copy.deleted);
    Ok(changed.execute(conn).await? == 1)
}

async fn store_sector(
    conn: &mut AccountConn,
    site: Uuid,
    id: Uuid,
    (sector, deleted): (&auth::SectorCopy, bool),
) -> Result<()> {
    db::statement(
        "INSERT INTO igny8_sector_copies AS old (account_id, id, site_id, name, deleted_at)
         VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN now() END)
         ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name,
             deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(old.deleted_at, excluded.deleted_at) END",
    )
    .bind::<SqlUuid, _>(conn.account().uuid())
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(site)
    .bind::<Text, _>(&sector.name)
    .bind::<Bool, _>(deleted)
    .execute(conn)
    .await?;
    Ok(())
}

const HIDE: [&str; 2] = [
    "UPDATE igny8_tasks SET deleted_at = now() WHERE account_id = $1 AND sector_id = $2 AND deleted_at IS NULL",
    "UPDATE igny8_content SET deleted_at = now() WHERE account_id = $1 AND sector_id = $2 AND deleted_at IS NULL",
];
/// An article whose task has another one by now stays deleted; one whose slug is taken by now gets another one.
const SHOW: [&str; 2] = [
    "UPDATE igny8_tasks SET deleted_at = NULL WHERE account_id = $1 AND sector_id = $2 AND deleted_at = $3",
    "UPDATE igny8_content c SET deleted_at = NULL, slug = app.free_slug(c.account_id, c.site_id, c.slug, c.id)
     WHERE account_id = $1 AND sector_id = $2 AND deleted_at = $3
       AND NOT EXISTS (SELECT FROM igny8_content o
                       WHERE o.account_id = c.account_id AND o.task_id = c.task_id AND o.deleted_at IS NULL)",
];

/// The rows share the moment of their deletion with the sector's copy, by which [`show`] knows them from those that people deleted.
async fn hide(conn: &mut AccountConn, sector: Uuid) -> Result<()> {
    patience::take(conn).await?;
    for statement in HIDE {
        let statement = db::statement(statement).bind::<SqlUuid, _>(conn.account().uuid()).bind::<SqlUuid, _>(sector);
        statement.execute(conn).await?;
    }
    Ok(())
}

async fn show(conn: &mut AccountConn, sector: Uuid, deleted_at: DateTime<Utc>) -> Result<()> {
    patience::take(conn).await?;
    for statement in SHOW {
        let statement = db::statement(statement).bind::<SqlUuid, _>(conn.account().uuid()).bind::<SqlUuid, _>(sector);
        statement.bind::<Timestamptz, _>(deleted_at).execute(conn).await?;
    }
    Ok(())
}
