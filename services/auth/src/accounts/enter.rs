//! Staff in an account of others: a token of fifteen minutes that names who acts.

use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use db::{SystemConn, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Caller, Error, Result};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_accounts::dsl;
use crate::sessions::{answer, claims, lifetime_seconds};

pub(super) async fn enter(app: &App, caller: &Caller, id: Uuid) -> Result<pb::Tokens> {
    let staff = caller.user_required()?;
    let by_id = dsl::igny8_accounts.find(id).select(dsl::id);
    let found = app.db.system(async |conn: &mut SystemConn| Ok(by_id.first(conn).await.optional()?)).await?;
    let account: AccountId = found.ok_or_else(|| Error::not_found("account"))?;
    let actor =
        audit::Actor { entered_by: Some(staff), request_id: caller.request_id().to_owned(), ..audit::Actor::default() };
    let entered = app.db.account(account, async |conn| {
        let mut claims = claims::of_account(conn, staff, role_inside(caller.role())).await?;
        claims.act = Some(staff);
        claims.session = caller.session();
        claims.epoch = caller.token().epoch;
        claims.system = false; // staff inside an account are no more than its people are
        audit::record(conn, actor, "account.entered", Some(account.uuid()), []).await?;
        Ok(claims)
    });
    let claims = entered.await?;
    let access_token = Some(app.keys.sign(&claims).await?);
    Ok(pb::Tokens { access_token, expires_in: lifetime_seconds(), ..answer(&claims) })
}

/// What the role means among the staff it means inside, and no account has a role above its owner's.
fn role_inside(role: Role) -> Role {
    role.min(Role::Owner)
}
