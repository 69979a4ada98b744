//! A new account, its owner, and when named its first site: all of it or nothing.

use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use db::{AccountConn, OnConstraint, Stored, SystemConn, audit};
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Peer, Result};
use tonic::Response;
use uuid::Uuid;

use super::start::{Started, start};
use crate::mail::{self, Mail};
use crate::passwords::links::{self, Purpose};
use crate::schema::{igny8_accounts as accounts, igny8_users as users};
use crate::{App, email, sites};

pub(super) async fn sign_up(app: &App, peer: &Peer, request: pb::SignUpRequest) -> Result<Response<pb::Tokens>> {
    let owner = Owner {
        id: Uuid::now_v7(),
        name: &request.name,
        email: &email::normalise(&request.email),
        password_hash: &app.passwords.hash(&request.password).await?,
    };
    let account = app.db.system(new_account_id).await?;
    let started = app.db.account(account, async |conn| {
        insert_account(conn, &request.account_name).await?;
        owner.insert(conn).await?;
        let created = pb::AccountCreated { name: request.account_name.clone(), email: owner.email.to_owned() };
        bus::push(conn, account.uuid(), &created).await?;
        record(conn, &owner, peer, request.site.as_ref()).await?;
        let token = links::issue(conn, owner.id, Purpose::VerifyEmail).await?;
        mail::queue(conn, app, owner.email, Mail::VerifyEmail { token: &token }).await?;
        start(conn, owner.id, peer, request.cookie).await
    });
    let started: Started = started.await?;
    started.respond(app).await
}

struct Owner<'a> {
    id: Uuid,
    name: &'a str,
    email: &'a str,
    password_hash: &'a str,
}

/// An `AccountId` comes from a row or a token and from nowhere else. This is the one account that has no row yet, so its id makes the way
/// through the database alone.
async fn new_account_id(conn: &mut SystemConn) -> Result<AccountId> {
    let id = Uuid::now_v7().into_sql::<sql_types::Uuid>();
    Ok(diesel::select(id).get_result(conn).await?)
}

async fn insert_account(conn: &mut AccountConn, name: &str) -> Result<()> {
    diesel::insert_into(accounts::table)
        .values((accounts::id.eq(conn.account().uuid()), accounts::name.eq(name)))
        .execute(conn)
        .await?;
    Ok(())
}

impl Owner<'_> {
    async fn insert(&self, conn: &mut AccountConn) -> Result<()> {
        diesel::insert_into(users::table)
            .values((
                users::account_id.eq(conn.account().uuid()),
                users::id.eq(self.id),
                users::name.eq(self.name),
                users::email.eq(self.email),
                users::password_hash.eq(self.password_hash),
                users::role.eq(Stored(Role::Owner)),
            ))
            .execute(conn)
            .await
            .constraints(crate::users::CONSTRAINTS)?;
        Ok(())
    }
}

async fn record(conn: &mut AccountConn, owner: &Owner<'_>, peer: &Peer, site: Option<&pb::SiteInput>) -> Result<()> {
    let actor = audit::Actor { user: Some(owner.id), request_id: peer.request_id.clone(), ..audit::Actor::default() };
    let account = conn.account().uuid();
    audit::record(conn, actor.clone(), "account.created", Some(account), []).await?;
    if let Some(site) = site {
        let site = sites::insert(conn, site).await?;
        let id = rpc::id("site.id", &site.id)?;
        audit::record(conn, actor, "site.created", Some(id), [("domain", site.domain)]).await?;
    }
    Ok(())
}
