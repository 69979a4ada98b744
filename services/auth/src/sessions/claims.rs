//! What an access token says of its bearer, read from the rows that decide it.

use contracts::auth::v1::AccountStatus;
use contracts::rest::v1::Role;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::token::Claims;
use rpc::{Error, Result};
use uuid::Uuid;

use crate::schema::{igny8_accounts as accounts, igny8_site_user_access as access, igny8_users as users};

/// The claims of a user in a session, or that the user may not sign in (any more).
pub(crate) async fn of_user(conn: &mut AccountConn, user: Uuid, session: Uuid) -> Result<Claims> {
    let account = conn.account().uuid();
    let row = users::table
        .find((account, user))
        .filter(users::active.and(users::deleted_at.is_null()))
        .select((users::role, users::epoch))
        .first::<(Stored<Role>, i64)>(conn)
        .await;
    let (Stored(role), epoch) = row.optional()?.ok_or_else(ended)?;
    let mut claims = of_account(conn, user, role).await?;
    claims.user = Some(user);
    claims.session = Some(session);
    claims.epoch = epoch;
    if role <= Role::Editor {
        claims.sites = granted_sites(conn, user).await?;
    }
    Ok(claims)
}

/// The claims of anybody with this role in the account.
pub(crate) async fn of_account(conn: &mut AccountConn, subject: Uuid, role: Role) -> Result<Claims> {
    let account = conn.account().uuid();
    let state = accounts::table.find(account).select((accounts::status, accounts::system));
    let state = state.first::<(Stored<AccountStatus>, bool)>(conn).await.optional()?;
    let (Stored(status), system) = state.ok_or_else(ended)?; // none: erased while a token of it still lived
    let mut claims = Claims::new(subject, account, role);
    claims.system = system;
    claims.read_only = is_read_only(status);
    Ok(claims)
}

pub(crate) fn is_read_only(status: AccountStatus) -> bool {
    matches!(status, AccountStatus::Suspended | AccountStatus::Cancelled)
}

/// No sites in a token mean all sites, so somebody without any grant gets the id of none.
async fn granted_sites(conn: &mut AccountConn, user: Uuid) -> Result<Vec<Uuid>> {
    let grants = access::table.filter(access::account_id.eq(conn.account().uuid()).and(access::user_id.eq(user)));
    let sites: Vec<Uuid> = grants.select(access::site_id).order(access::site_id).load(conn).await?;
    Ok(if sites.is_empty() { vec![Uuid::nil()] } else { sites })
}

/// The one answer to whoever comes with a session that does not hold (any more).
pub(crate) fn ended() -> Error {
    Error::unauthenticated("SESSION_ENDED", "Your session has ended. Sign in again.")
}
