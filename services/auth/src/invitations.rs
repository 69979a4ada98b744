//! Invitations: how new people come into an account.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::auth::v1::invitation_service_server::InvitationService;
use contracts::rest::v1::{Empty, Role};
use db::audit::Actor;
use db::{AccountConn, Constraint, OnConstraint, Page, Stored, idempotency};
use diesel::dsl::{And, Eq, Gt, IsNull, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Caller, Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::mail::{self, Mail};
use crate::schema::{igny8_accounts, igny8_invitations};
use crate::secrets::{self, Secret};
use crate::sessions::claims::is_read_only;
use crate::{App, email, sessions, site_access, sites, users};

const LIFETIME: TimeDelta = TimeDelta::days(7);

/// Under which an `Idempotency-Key` is remembered.
const CREATE: &str = "/igny8.auth.v1.InvitationService/CreateInvitation";

const CONSTRAINTS: &[Constraint] = &[Constraint {
    field: Some("email"),
    ..Constraint::new(
        "igny8_invitations_account_id_email_key",
        "INVITATION_EXISTS",
        "This address has an open invitation already. Delete that one to send another.",
    )
}];

#[derive(Debug)]
pub struct Invitations(pub Arc<App>);

#[tonic::async_trait]
impl InvitationService for Invitations {
    async fn list_invitations(
        &self,
        request: Request<pb::ListInvitationsRequest>,
    ) -> Result<Response<pb::ListInvitationsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let invitations = || igny8_invitations::table.filter(open());
            let count = invitations().filter(owned_by(conn)).count().get_result(conn).await?;
            let rows: Vec<Invitation> = invitations()
                .filter(owned_by(conn))
                .order_by(igny8_invitations::id.desc())
                .limit(page.limit)
                .offset(page.offset)
                .select(Invitation::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Invitation::from).collect();
            Ok(pb::ListInvitationsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn create_invitation(
        &self,
        request: Request<pb::CreateInvitationRequest>,
    ) -> Result<Response<pb::Invitation>, Status> {
        let (caller, request) = rpc::open(request)?;
        let new = New::read(&caller, &request)?;
        let invitation = self.0.db.transaction(&caller, async |conn| {
            let invite = async |conn: &mut AccountConn| invite(conn, &self.0, &caller, &new).await;
            idempotency::run(conn, caller.idempotency_key(), CREATE, &request, invite).await
        });
        Ok(Response::new(invitation.await?))
    }

    async fn delete_invitation(
        &self,
        request: Request<pb::DeleteInvitationRequest>,
    ) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let invitation = igny8_invitations::table.filter(owned_by(conn)).filter(igny8_invitations::id.eq(id));
            let invitation = diesel::delete(invitation.filter(open())).returning(igny8_invitations::email);
            let email: Option<String> = invitation.get_result(conn).await.optional()?;
            let email = email.ok_or_else(|| Error::not_found("invitation"))?;
            db::audit::record(conn, &caller, "invitation.deleted", Some(id), [("email", email)]).await
        });
        deleted.await?;
        Ok(Response::new(Empty {}))
    }

    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Result<Response<pb::Tokens>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        let token_hash = secrets::hash(&request.token);
        let account = self.account_of(&token_hash).await?;
        // Outside of the transaction: a hash takes longer than a connection should be held.
        let password_hash = self.0.passwords.hash(&request.password).await?;
        let started = self.0.db.account(account, async |conn| {
            writable_account(conn).await?;
            let Invitation { id, email, role, site_ids, .. } = take(conn, &token_hash).await?;
            let user = users::Invited { name: &request.name, email: &email, password_hash: &password_hash, role };
            let user = users::insert(conn, &user).await?;
            for site in sites::those_that_live(conn, &site_ids).await? {
                site_access::grant(conn, user, site).await?;
            }
            let actor = Actor { user: Some(user), request_id: peer.request_id.clone(), ..Actor::default() };
            db::audit::record(conn, actor.clone(), "invitation.accepted", Some(id), [("email", email.clone())]).await?;
            db::audit::record(conn, actor, "user.created", Some(user), [("email", email)]).await?;
            sessions::start(conn, user, &peer, request.cookie).await
        });
        Ok(started.await?.respond(&self.0).await?)
    }
}

impl Invitations {
    async fn account_of(&self, token_hash: &[u8]) -> rpc::Result<AccountId> {
        let account = self.0.db.system(async |conn| {
            let invitation = igny8_invitations::table.filter(igny8_invitations::token_hash.eq(token_hash));
            Ok(invitation.filter(open()).select(igny8_invitations::account_id).first(conn).await.optional()?)
        });
        account.await?.ok_or_else(no_longer_open)
    }
}

/// One row of `igny8_invitations`, without the hash of its token.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_invitations)]
struct Invitation {
    id: Uuid,
    email: String,
    role: Stored<Role>,
    site_ids: Vec<Uuid>,
    invited_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Invitation> for pb::Invitation {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email, role, site_ids, invited_by, created_at, expires_at } = invitation;
        Self {
            id: id.to_string(),
            email,
            role: role.0.into(),
            site_ids: site_ids.into_iter().map(|id| id.to_string()).collect(),
            invited_by: invited_by.to_string(),
            created_at: Some(timestamp::of(created_at)),
            expires_at: Some(timestamp::of(expires_at)),
        }
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_invitations)]
struct New {
    email: String,
    role: Stored<Role>,
    site_ids: Vec<Uuid>,
    invited_by: Uuid,
    expires_at: DateTime<Utc>,
}

impl New {
    fn read(caller: &Caller, request: &pb::CreateInvitationRequest) -> rpc::Result<Self> {
        let invited_by = caller.user_required()?;
        let role = users::grantable(caller, request.role)?;
        let site_ids = sites::ids("site_ids", &request.site_ids)?;
        if role >= Role::Admin && !site_ids.is_empty() {
            return Err(Error::invalid("site_ids", "Admins and owners see all sites. Leave this list empty."));
        }
        let email = email::normalise(&request.email);
        Ok(Self { email, role: Stored(role), site_ids, invited_by, expires_at: Utc::now() + LIFETIME })
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_invitations::account_id, Uuid> {
    igny8_invitations::account_id.eq(conn.account().uuid())
}

fn open() -> And<IsNull<igny8_invitations::accepted_at>, Gt<igny8_invitations::expires_at, now>> {
    igny8_invitations::accepted_at.is_null().and(igny8_invitations::expires_at.gt(now))
}

async fn invite(conn: &mut AccountConn, app: &App, caller: &Caller, new: &New) -> rpc::Result<pb::Invitation> {
    let inviter = users::find(conn, new.invited_by).await?;
    if inviter.email_verified_at.is_none() {
        let message = "Your e-mail address is not confirmed. Open the link that we have sent you, then invite others.";
        return Err(Error::precondition("EMAIL_NOT_VERIFIED", message));
    }
    if users::has(conn, &new.email).await? {
        return Err(users::email_taken());
    }
    sites::all_live(conn, "site_ids", &new.site_ids).await?;
    let token = Secret::new(secrets::LINK);
    let invitation = insert(conn, new, &token).await?;
    let account = writable_account(conn).await?;
    let mail = Mail::Invitation { account: &account, inviter: &inviter.name, token: &token };
    mail::queue(conn, app, &new.email, mail).await?;
    let details = [("email", new.email.clone()), ("role", new.role.0.json_name().unwrap_or_default().to_owned())];
    db::audit::record(conn, caller, "invitation.created", Some(invitation.id), details).await?;
    Ok(invitation.into())
}

/// The account's name. Accepting is a public method, so nothing else has asked yet whether the account is read only.
async fn writable_account(conn: &mut AccountConn) -> rpc::Result<String> {
    let account = igny8_accounts::table.find(conn.account().uuid());
    let account = account.select((igny8_accounts::name, igny8_accounts::status));
    let (name, Stored(status)): (String, Stored<pb::AccountStatus>) = account.first(conn).await?;
    if is_read_only(status) {
        let message = "The account that invites you is read only at present. Ask the person who invited you.";
        return Err(Error::denied("ACCOUNT_SUSPENDED", message));
    }
    Ok(name)
}

/// An invitation that has expired makes room for a new one.
async fn insert(conn: &mut AccountConn, new: &New, token: &Secret) -> rpc::Result<Invitation> {
    let expired = igny8_invitations::table.filter(owned_by(conn)).filter(igny8_invitations::email.eq(&new.email));
    let expired = expired.filter(igny8_invitations::accepted_at.is_null().and(igny8_invitations::expires_at.le(now)));
    diesel::delete(expired).execute(conn).await?;
    diesel::insert_into(igny8_invitations::table)
        .values((
            igny8_invitations::account_id.eq(conn.account().uuid()),
            igny8_invitations::id.eq(Uuid::now_v7()),
            igny8_invitations::token_hash.eq(token.hash()),
            new,
        ))
        .returning(Invitation::as_returning())
        .get_result(conn)
        .await
        .constraints(CONSTRAINTS)
}

/// Uses an invitation up: of two that accept it at once, the second finds it used.
async fn take(conn: &mut AccountConn, token_hash: &[u8]) -> rpc::Result<Invitation> {
    let invitation = igny8_invitations::table.filter(owned_by(conn)).filter(open());
    let taken = diesel::update(invitation.filter(igny8_invitations::token_hash.eq(token_hash)))
        .set(igny8_invitations::accepted_at.eq(now))
        .returning(Invitation::as_returning())
        .get_result(conn)
        .await;
    taken.optional()?.ok_or_else(no_longer_open)
}

fn no_longer_open() -> Error {
    let message = "This invitation was used, taken back, or is older than seven days. Ask for a new one.";
    Error::precondition("INVITATION_INVALID", message)
}
