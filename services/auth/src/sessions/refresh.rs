//! New tokens for a refresh token. Each works once: whoever comes with a used one has stolen it, or has been stolen from, and the session
//! ends for both.

use chrono::{DateTime, Utc};
use contracts::auth::v1 as pb;
use db::{AccountConn, SystemConn, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Peer, Result};
use tonic::Response;
use uuid::Uuid;

use super::start::go_on;
use super::{Live, claims};
use crate::schema::{igny8_refresh_tokens as refresh_tokens, igny8_sessions as sessions};
use crate::{App, secrets};

pub(super) async fn refresh(app: &App, peer: &Peer, token: &str) -> Result<Response<pb::Tokens>> {
    let (account, id, session) = find(app, token).await?.ok_or_else(claims::ended)?;
    let refreshed = app.db.account(account, async |conn| {
        let live = Live::lock(conn, session).await?.ok_or_else(claims::ended)?;
        let Some(expires_at) = take(conn, id).await? else {
            end(conn, session, live.user_id, peer).await?;
            return Ok(None); // not an error: that would take the end of the session back
        };
        live.touch(conn, session).await?;
        let claims = claims::of_user(conn, live.user_id, session).await?;
        Ok(Some(go_on(conn, claims, session, expires_at).await?))
    });
    refreshed.await?.ok_or_else(reused)?.respond(app).await
}

fn reused() -> Error {
    let message = "This refresh token was used before, so its session was ended for safety. Sign in again.";
    Error::unauthenticated("REFRESH_TOKEN_REUSED", message)
}

async fn find(app: &App, token: &str) -> Result<Option<(AccountId, Uuid, Uuid)>> {
    let by_hash = refresh_tokens::table
        .filter(refresh_tokens::token_hash.eq(secrets::hash(token)))
        .filter(refresh_tokens::expires_at.gt(Utc::now()))
        .select((refresh_tokens::account_id, refresh_tokens::id, refresh_tokens::session_id));
    app.db.system(async |conn: &mut SystemConn| Ok(by_hash.first(conn).await.optional()?)).await
}

/// Marks the token used, if it was not. The session's row is locked: of two uses at once one finds it unused.
async fn take(conn: &mut AccountConn, id: Uuid) -> Result<Option<DateTime<Utc>>> {
    let unused = refresh_tokens::table.find((conn.account().uuid(), id)).filter(refresh_tokens::used_at.is_null());
    let taken = diesel::update(unused).set(refresh_tokens::used_at.eq(diesel::dsl::now));
    Ok(taken.returning(refresh_tokens::expires_at).get_result(conn).await.optional()?)
}

async fn end(conn: &mut AccountConn, session: Uuid, user: Uuid, peer: &Peer) -> Result<()> {
    let row = diesel::update(sessions::table.find((conn.account().uuid(), session)));
    row.set(sessions::ended_at.eq(diesel::dsl::now)).execute(conn).await?;
    let actor = audit::Actor { request_id: peer.request_id.clone(), ..audit::Actor::default() };
    audit::record(conn, actor, "session.token_reused", Some(session), [("user_id", user.to_string())]).await
}
