//! The signed-in devices of a user.

use chrono::{DateTime, Utc};
use contracts::auth::v1 as pb;
use db::{AccountConn, Page, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Result, timestamp};
use uuid::Uuid;

use super::live::{live, owned_by};
use crate::schema::igny8_sessions::{self, dsl};

/// One row of `igny8_sessions`, as its user sees it.
#[derive(HasQuery)]
#[diesel(table_name = igny8_sessions)]
struct Session {
    id: Uuid,
    user_agent: String,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Session {
    fn message(self, current: Option<Uuid>) -> pb::Session {
        let Self { id, user_agent, created_at, seen_at, expires_at } = self;
        pb::Session {
            id: id.to_string(),
            user_agent,
            created_at: Some(timestamp::of(created_at)),
            seen_at: Some(timestamp::of(seen_at)),
            expires_at: Some(timestamp::of(expires_at)),
            current: Some(id) == current,
        }
    }
}

pub(super) async fn list(
    conn: &mut AccountConn,
    caller: &Caller,
    request: &pb::ListSessionsRequest,
) -> Result<pb::ListSessionsResponse> {
    let user = caller.user_required()?;
    let page = Page::of(request.page, request.page_size);
    let of_user = || dsl::igny8_sessions.filter(dsl::user_id.eq(user)).filter(live());
    let count = of_user().filter(owned_by(conn)).count().get_result(conn).await?;
    let rows: Vec<Session> = of_user()
        .filter(owned_by(conn))
        .order((dsl::seen_at.desc(), dsl::id))
        .limit(page.limit)
        .offset(page.offset)
        .select(Session::as_select())
        .load(conn)
        .await?;
    let results = rows.into_iter().map(|session| session.message(caller.session())).collect();
    Ok(pb::ListSessionsResponse { results, count, count_is_exact: true })
}

/// Ends a session of the caller, and answers whether there was such a session.
pub(super) async fn end_one(conn: &mut AccountConn, caller: &Caller, id: Uuid) -> Result<bool> {
    let user = caller.user_required()?;
    let own =
        dsl::igny8_sessions.filter(owned_by(conn)).filter(dsl::id.eq(id)).filter(dsl::user_id.eq(user)).filter(live());
    let ended = diesel::update(own).set(dsl::ended_at.eq(diesel::dsl::now)).execute(conn).await?;
    if ended == 0 {
        return Ok(false);
    }
    audit::record(conn, caller, "session.ended", Some(id), []).await?;
    Ok(true)
}
