//! Who is calling, and what they see.

use std::collections::HashMap;

use contracts::auth::v1::{self as pb, AccountStatus};
use db::{AccountConn, Stored, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Mask, Result};
use uuid::Uuid;

use super::claims;
use crate::schema::{igny8_accounts as accounts, igny8_sectors as sectors, igny8_sites as sites, igny8_users as users};

pub(super) async fn read(conn: &mut AccountConn, caller: &Caller) -> Result<pb::Me> {
    let user = match caller.user() {
        Some(user) => Some(read_user(conn, user).await?),
        None => None,
    };
    Ok(pb::Me {
        user,
        account: Some(read_account(conn).await?),
        role: caller.role().into(),
        permissions: contracts::permissions(caller.role()),
        sites: read_sites(conn).await?,
        entered_by: caller.acting().map(|staff| staff.to_string()),
    })
}

pub(super) async fn update(conn: &mut AccountConn, caller: &Caller, request: &pb::UpdateMeRequest) -> Result<()> {
    let user = caller.user_required()?;
    let Some(name) = Mask::of(&request.update_mask).when("name", request.name.as_str()) else { return Ok(()) };
    let row = diesel::update(users::table.find((conn.account().uuid(), user)));
    row.set(users::name.eq(name)).execute(conn).await?;
    audit::record(conn, caller, "user.updated", Some(user), [("fields", "name".to_owned())]).await
}

async fn read_user(conn: &mut AccountConn, id: Uuid) -> Result<pb::MeUser> {
    let row = users::table
        .find((conn.account().uuid(), id))
        .select((users::name, users::email, users::email_verified_at.is_not_null()))
        .first::<(String, String, bool)>(conn)
        .await;
    let (name, email, email_verified) = row.optional()?.ok_or_else(claims::ended)?;
    Ok(pb::MeUser { id: id.to_string(), name, email, email_verified })
}

async fn read_account(conn: &mut AccountConn) -> Result<pb::MeAccount> {
    let id = conn.account().uuid();
    let row = accounts::table.find(id).select((accounts::name, accounts::status));
    let row = row.first::<(String, Stored<AccountStatus>)>(conn).await.optional()?;
    let (name, Stored(status)) = row.ok_or_else(claims::ended)?;
    Ok(pb::MeAccount { id: id.to_string(), name, status: status.into() })
}

/// Row-level security leaves the sites that the caller may see.
async fn read_sites(conn: &mut AccountConn) -> Result<Vec<pb::MeSite>> {
    let account = conn.account().uuid();
    let rows: Vec<(Uuid, String, String, bool)> = sites::table
        .filter(sites::account_id.eq(account).and(sites::deleted_at.is_null()))
        .order((sites::name, sites::id))
        .select((sites::id, sites::name, sites::domain, sites::active))
        .load(conn)
        .await?;
    let mut sectors_of = read_sectors(conn).await?;
    let site = |(id, name, domain, active): (Uuid, String, String, bool)| pb::MeSite {
        id: id.to_string(),
        name,
        domain,
        active,
        sectors: sectors_of.remove(&id).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(site).collect())
}

async fn read_sectors(conn: &mut AccountConn) -> Result<HashMap<Uuid, Vec<pb::MeSector>>> {
    let rows: Vec<(Uuid, Uuid, String)> = sectors::table
        .filter(sectors::account_id.eq(conn.account().uuid()).and(sectors::deleted_at.is_null()))
        .order((sectors::site_id, sectors::slot))
        .select((sectors::site_id, sectors::id, sectors::name))
        .load(conn)
        .await?;
    let mut sectors_of: HashMap<Uuid, Vec<pb::MeSector>> = HashMap::new();
    for (site, id, name) in rows {
        sectors_of.entry(site).or_default().push(pb::MeSector { id: id.to_string(), name });
    }
    Ok(sectors_of)
}
