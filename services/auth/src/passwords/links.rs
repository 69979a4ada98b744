//! Links in mails that prove an address: each works once, and only the newest of its kind.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use db::{AccountConn, SystemConn};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_user_tokens::{self as user_tokens, dsl};
use crate::secrets::{self, LINK, Secret};

/// How often a user is sent a link of one kind.
pub(super) const AT_MOST_EVERY: Duration = Duration::from_mins(1);

/// What a link is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

    fn lifetime(self) -> TimeDelta {
        match self {
            Self::VerifyEmail => TimeDelta::days(3),
            Self::ResetPassword => TimeDelta::hours(1),
        }
    }
}

/// A new link for a user. Earlier ones of its kind stop to work.
pub(crate) async fn issue(conn: &mut AccountConn, user: Uuid, purpose: Purpose) -> Result<Secret> {
    let account = conn.account().uuid();
    let earlier = dsl::account_id.eq(account).and(dsl::user_id.eq(user)).and(dsl::purpose.eq(purpose.name()));
    diesel::delete(user_tokens::table.filter(earlier)).execute(conn).await?;
    let token = Secret::new(LINK);
    diesel::insert_into(user_tokens::table)
        .values((
            dsl::account_id.eq(account),
            dsl::id.eq(Uuid::now_v7()),
            dsl::user_id.eq(user),
            dsl::purpose.eq(purpose.name()),
            dsl::token_hash.eq(token.hash()),
            dsl::expires_at.eq(Utc::now() + purpose.lifetime()),
        ))
        .execute(conn)
        .await?;
    Ok(token)
}

/// Whether the user was sent such a link within [`AT_MOST_EVERY`].
pub(super) async fn is_recent(conn: &mut AccountConn, user: Uuid, purpose: Purpose) -> Result<bool> {
    let recent = user_tokens::table
        .filter(
            dsl::account_id.eq(conn.account().uuid()).and(dsl::user_id.eq(user)).and(dsl::purpose.eq(purpose.name())),
        )
        .filter(dsl::created_at.gt(Utc::now() - AT_MOST_EVERY));
    Ok(diesel::select(diesel::dsl::exists(recent)).get_result(conn).await?)
}

/// A link that somebody came with.
pub(super) struct Link {
    pub(super) account: AccountId,
    id: Uuid,
}

/// The account of a link that still works.
pub(super) async fn find(app: &App, token: &str, purpose: Purpose) -> Result<Link> {
    let by_hash = user_tokens::table
        .filter(dsl::token_hash.eq(secrets::hash(token)).and(dsl::purpose.eq(purpose.name())))
        .filter(dsl::used_at.is_null().and(dsl::expires_at.gt(Utc::now())))
        .select((dsl::account_id, dsl::id));
    let found = app.db.system(async |conn: &mut SystemConn| Ok(by_hash.first(conn).await.optional()?)).await?;
    found.map(|(account, id)| Link { account, id }).ok_or_else(invalid)
}

impl Link {
    /// Uses the link up and answers its user. Of two uses at once one gets it.
    pub(super) async fn redeem(&self, conn: &mut AccountConn) -> Result<Uuid> {
        let unused = user_tokens::table.find((conn.account().uuid(), self.id)).filter(dsl::used_at.is_null());
        let used = diesel::update(unused).set(dsl::used_at.eq(diesel::dsl::now)).returning(dsl::user_id);
        used.get_result(conn).await.optional()?.ok_or_else(invalid)
    }
}

fn invalid() -> Error {
    Error::precondition("LINK_INVALID", "This link has expired or was used before. Ask for a new one.")
}
