//! A session cookie, an API key or an access token against an access token that says what is true now.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::rest::v1::Role;
use db::{AccountConn, Stored, SystemConn};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::token::{Claims, Verified};
use rpc::{AccountId, Error, Result, timestamp};
use uuid::Uuid;

use super::{Live, claims};
use crate::schema::{igny8_api_keys as api_keys, igny8_sessions as sessions, igny8_users as users};
use crate::{App, secrets};

/// When a key was last used is kept to the minute: not every call writes a row.
const USED_AT_MOST_EVERY: TimeDelta = TimeDelta::minutes(1);

pub(super) async fn exchange(app: &App, request: pb::ExchangeRequest) -> Result<pb::ExchangeResponse> {
    match request.credential {
        Some(Credential::Session(cookie)) => answer(app, &of_cookie(app, &cookie).await?).await,
        Some(Credential::ApiKey(key)) => answer(app, &of_api_key(app, &key).await?).await,
        Some(Credential::AccessToken(token)) => of_access_token(app, token).await,
        None => Err(Error::invalid("credential", "Name one credential: a session, an API key or an access token.")),
    }
}

async fn answer(app: &App, claims: &Claims) -> Result<pb::ExchangeResponse> {
    Ok(response(app.keys.sign(claims).await?, claims))
}

fn response(access_token: String, claims: &Claims) -> pb::ExchangeResponse {
    pb::ExchangeResponse { access_token, expires_at: DateTime::from_timestamp(claims.exp, 0).map(timestamp::of) }
}

async fn of_cookie(app: &App, cookie: &str) -> Result<Claims> {
    let by_hash = sessions::table
        .filter(sessions::cookie_hash.eq(secrets::hash(cookie)))
        .select((sessions::account_id, sessions::id));
    let found = app.db.system(async |conn: &mut SystemConn| Ok(by_hash.first(conn).await.optional()?)).await?;
    let (account, session): (AccountId, Uuid) = found.ok_or_else(claims::ended)?;
    app.db.account(account, async |conn| of_session(conn, session).await).await
}

async fn of_session(conn: &mut AccountConn, session: Uuid) -> Result<Claims> {
    let live = Live::read(conn, session).await?.ok_or_else(claims::ended)?;
    live.touch(conn, session).await?;
    claims::of_user(conn, live.user_id, session).await
}

async fn of_api_key(app: &App, key: &str) -> Result<Claims> {
    if !secrets::is_api_key(key) {
        return Err(api_key_invalid());
    }
    let by_hash = api_keys::table
        .filter(api_keys::secret_hash.eq(secrets::hash(key)))
        .select((api_keys::account_id, api_keys::id));
    let found = app.db.system(async |conn: &mut SystemConn| Ok(by_hash.first(conn).await.optional()?)).await?;
    let (account, id): (AccountId, Uuid) = found.ok_or_else(api_key_invalid)?;
    app.db.account(account, async |conn| of_key(conn, id).await).await
}

/// What decides about a key.
#[derive(HasQuery)]
#[diesel(table_name = api_keys)]
struct ApiKey {
    role: Stored<Role>,
    site_ids: Vec<Uuid>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    created_by: Option<Uuid>,
}

async fn of_key(conn: &mut AccountConn, id: Uuid) -> Result<Claims> {
    let now = Utc::now();
    let row = ApiKey::query().filter(api_keys::account_id.eq(conn.account().uuid())).filter(api_keys::id.eq(id));
    let key = row.filter(api_keys::revoked_at.is_null()).first(conn).await.optional()?;
    let key = key.filter(|key| key.expires_at.is_none_or(|end| now < end)).ok_or_else(api_key_invalid)?;
    if key.last_used_at.is_none_or(|last| last + USED_AT_MOST_EVERY < now) {
        let row = diesel::update(api_keys::table.find((conn.account().uuid(), id)));
        row.set(api_keys::last_used_at.eq(now)).execute(conn).await?;
    }
    let role = key.role.0.min(role_of_maker(conn, key.created_by).await?);
    let mut claims = claims::of_account(conn, id, role).await?;
    claims.api_key = Some(id);
    claims.sites = key.site_ids;
    claims.exp = key.expires_at.map_or(claims.exp, |end| claims.exp.min(end.timestamp()));
    Ok(claims)
}

/// A key may do no more than the person who made it, and nothing once that person may not sign in.
async fn role_of_maker(conn: &mut AccountConn, maker: Option<Uuid>) -> Result<Role> {
    let maker = users::table
        .filter(users::account_id.eq(conn.account().uuid()).and(users::id.nullable().eq(maker)))
        .filter(users::active.and(users::deleted_at.is_null()))
        .select(users::role);
    let Stored(role) = maker.first::<Stored<Role>>(conn).await.optional()?.ok_or_else(api_key_invalid)?;
    Ok(role)
}

/// The token itself while all that it says is true; a new one where sites or the account's status have changed; nothing once its session has
/// ended or its user's role has changed.
async fn of_access_token(app: &App, token: String) -> Result<pb::ExchangeResponse> {
    let verified = app.keys.verify(&token).await?;
    let current = current(app, &verified).await?;
    if current.epoch != verified.epoch {
        return Err(Error::unauthenticated(
            "TOKEN_REVOKED",
            "Your access token no longer holds. Refresh it, or sign in again.",
        ));
    }
    if (&current.sites, current.role, current.read_only) == (&verified.sites, verified.role, verified.read_only) {
        return Ok(response(token, &verified));
    }
    answer(app, &current).await
}

async fn current(app: &App, verified: &Verified) -> Result<Claims> {
    let of_this = async |conn: &mut AccountConn| match (verified.act, verified.api_key, verified.session) {
        (Some(_), _, _) => {
            let read_only = claims::of_account(conn, Uuid::nil(), verified.role).await?.read_only;
            Ok(Claims { read_only, ..Claims::clone(verified) })
        }
        (None, Some(key), _) => of_key(conn, key).await,
        (None, None, Some(session)) => of_session(conn, session).await,
        (None, None, None) => Err(claims::ended()),
    };
    if let Some(staff) = verified.act {
        still_staff(app, staff, verified).await?;
    }
    app.db.account(verified.account(), of_this).await
}

/// Who entered an account is checked where they come from: their session, and that their role has not changed since.
async fn still_staff(app: &App, staff: Uuid, verified: &Verified) -> Result<()> {
    let session = verified.session.ok_or_else(claims::ended)?;
    let live = sessions::table
        .inner_join(users::table.on(users::account_id.eq(sessions::account_id).and(users::id.eq(sessions::user_id))))
        .filter(sessions::id.eq(session).and(sessions::ended_at.is_null()).and(sessions::expires_at.gt(Utc::now())))
        .filter(users::id.eq(staff).and(users::active).and(users::deleted_at.is_null()))
        .filter(users::epoch.eq(verified.epoch))
        .select(users::id);
    let found = app.db.system(async |conn: &mut SystemConn| Ok(live.first::<Uuid>(conn).await.optional()?)).await?;
    found.map(drop).ok_or_else(claims::ended)
}

fn api_key_invalid() -> Error {
    Error::unauthenticated(
        "API_KEY_INVALID",
        "This API key does not exist, has expired or was revoked. Make a new one.",
    )
}
