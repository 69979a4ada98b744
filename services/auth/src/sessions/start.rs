//! The beginning of a session, and the tokens or the cookie that carry it.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::auth::v1 as pb;
use db::{AccountConn, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::token::{Claims, LIFETIME_SECONDS};
use rpc::{Error, Peer, Result, metadata};
use tonic::Response;
use tonic::metadata::MetadataValue;
use uuid::Uuid;

use super::claims;
use crate::App;
use crate::schema::{igny8_refresh_tokens as refresh_tokens, igny8_sessions as sessions, igny8_users as users};
use crate::secrets::{REFRESH_TOKEN, SESSION_COOKIE, Secret};

/// How long a session lasts without a new sign-in.
pub(super) const LIFETIME: TimeDelta = TimeDelta::days(30);

/// A session with what its holder needs. Signed and answered after the transaction.
#[derive(Debug)]
pub struct Started {
    claims: Claims,
    carrier: Carrier,
}

#[derive(Debug)]
enum Carrier {
    Cookie(Secret),
    RefreshToken(Secret),
}

/// Begins a session for a user who has just proved who they are.
pub async fn start(conn: &mut AccountConn, user: Uuid, peer: &Peer, cookie: bool) -> Result<Started> {
    let session = Uuid::now_v7();
    let expires_at = Utc::now() + LIFETIME;
    let cookie = cookie.then(|| Secret::new(SESSION_COOKIE));
    diesel::insert_into(sessions::table)
        .values((
            sessions::account_id.eq(conn.account().uuid()),
            sessions::id.eq(session),
            sessions::user_id.eq(user),
            sessions::cookie_hash.eq(cookie.as_ref().map(Secret::hash)),
            sessions::user_agent.eq(&peer.user_agent),
            sessions::address.eq(peer.address.map(|address| address.to_string())),
            sessions::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await?;
    let user_row = diesel::update(users::table.find((conn.account().uuid(), user)));
    user_row.set(users::last_sign_in_at.eq(diesel::dsl::now)).execute(conn).await?;
    let carrier = match cookie {
        Some(cookie) => Carrier::Cookie(cookie),
        None => Carrier::RefreshToken(refresh_token(conn, session, expires_at).await?),
    };
    let actor = audit::Actor { user: Some(user), request_id: peer.request_id.clone(), ..audit::Actor::default() };
    audit::record(conn, actor, "session.signed_in", Some(session), []).await?;
    Ok(Started { claims: claims::of_user(conn, user, session).await?, carrier })
}

/// Goes on with a session whose refresh token was just used.
pub(super) async fn go_on(
    conn: &mut AccountConn,
    claims: Claims,
    session: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<Started> {
    let refresh_token = refresh_token(conn, session, expires_at).await?;
    Ok(Started { claims, carrier: Carrier::RefreshToken(refresh_token) })
}

async fn refresh_token(conn: &mut AccountConn, session: Uuid, expires_at: DateTime<Utc>) -> Result<Secret> {
    let token = Secret::new(REFRESH_TOKEN);
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::account_id.eq(conn.account().uuid()),
            refresh_tokens::id.eq(Uuid::now_v7()),
            refresh_tokens::session_id.eq(session),
            refresh_tokens::token_hash.eq(token.hash()),
            refresh_tokens::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await?;
    Ok(token)
}

impl Started {
    /// The answer: tokens in the message, or a cookie in the metadata.
    pub async fn respond(self, app: &App) -> Result<Response<pb::Tokens>> {
        let mut tokens = answer(&self.claims);
        match self.carrier {
            Carrier::RefreshToken(refresh_token) => {
                tokens.access_token = Some(app.keys.sign(&self.claims).await?);
                tokens.expires_in = lifetime_seconds();
                tokens.refresh_token = Some(refresh_token.text().to_owned());
                Ok(Response::new(tokens))
            }
            Carrier::Cookie(cookie) => with_cookie(Response::new(tokens), cookie.text(), LIFETIME.num_seconds()),
        }
    }
}

/// An answer without tokens yet.
pub(crate) fn answer(claims: &Claims) -> pb::Tokens {
    pb::Tokens {
        access_token: None,
        expires_in: 0,
        refresh_token: None,
        account_id: claims.account.to_string(),
        user_id: claims.user.map(|user| user.to_string()),
    }
}

pub(crate) fn lifetime_seconds() -> i32 {
    i32::try_from(LIFETIME_SECONDS).unwrap_or(i32::MAX)
}

/// The gateway makes the cookie of it. An empty value ends the cookie that the browser has.
pub(super) fn with_cookie<T>(mut response: Response<T>, value: &str, max_age_seconds: i64) -> Result<Response<T>> {
    let mut value = MetadataValue::try_from(value).map_err(Error::internal)?;
    value.set_sensitive(true);
    response.metadata_mut().insert(metadata::SESSION, value);
    response.metadata_mut().insert(metadata::SESSION_MAX_AGE, MetadataValue::from(max_age_seconds));
    Ok(response)
}
