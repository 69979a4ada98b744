//! Users: the people of an account. An account keeps at least one active owner, whatever is done to its users at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::auth::v1::user_service_server::UserService;
use contracts::rest::v1::{Deleted, Role};
use db::{AccountConn, Constraint, OnConstraint, Page, Stored, undo};
use diesel::dsl::{And, Eq, IsNull, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::change::Change;
use self::list::Filter;
use crate::schema::{igny8_accounts, igny8_users};
use crate::{App, api_keys, sessions};

mod change;
mod list;

pub const CONSTRAINTS: &[Constraint] =
    &[Constraint { field: Some("email"), ..Constraint::new("igny8_users_email_key", "EMAIL_TAKEN", EMAIL_TAKEN) }];

const EMAIL_TAKEN: &str =
    "There is a user with this e-mail address already. Use another address, or sign in with this one.";

#[derive(Debug)]
pub struct Users(pub Arc<App>);

#[tonic::async_trait]
impl UserService for Users {
    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = list::ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(User::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::User::from).collect();
            Ok(pb::ListUsersResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Result<Response<pb::User>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let user = self.0.db.transaction(&caller, async |conn| find(conn, id).await);
        Ok(Response::new(user.await?.into()))
    }

    async fn update_user(&self, request: Request<pb::UpdateUserRequest>) -> Result<Response<pb::User>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let change = Change::read(&caller, &request)?;
        let user = self.0.db.transaction(&caller, async |conn| {
            let before = lock(conn, &caller, id).await?;
            if before.is_active_owner() && change.takes_ownership() {
                another_owner(conn, id).await?;
            }
            let user = diesel::update(igny8_users::table.filter(owned_by(conn)).filter(live(id)))
                .set((&change, igny8_users::epoch.eq(igny8_users::epoch + i64::from(change.ends_tokens(&before)))))
                .returning(User::as_returning())
                .get_result(conn)
                .await?;
            if !user.active {
                sessions::end_all(conn, id).await?;
            }
            db::audit::record(conn, &caller, "user.updated", Some(id), change.details(&request)).await?;
            Ok(user)
        });
        Ok(Response::new(user.await?.into()))
    }

    async fn delete_user(&self, request: Request<pb::DeleteUserRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let user = lock(conn, &caller, id).await?;
            if user.is_active_owner() {
                another_owner(conn, id).await?;
            }
            diesel::update(igny8_users::table.filter(owned_by(conn)).filter(live(id)))
                .set((igny8_users::deleted_at.eq(now), igny8_users::epoch.eq(igny8_users::epoch + 1)))
                .execute(conn)
                .await?;
            sessions::end_all(conn, id).await?;
            api_keys::revoke_with_user(conn, id).await?;
            db::audit::record(conn, &caller, "user.deleted", Some(id), [("email", user.email)]).await?;
            undo::push(conn, "user", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }
}

/// One row of `igny8_users`, without what proves who they are.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_users)]
pub struct User {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub role: Stored<Role>,
    pub active: bool,
    pub last_sign_in_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl User {
    fn is_active_owner(&self) -> bool {
        self.active && self.role.0 == Role::Owner
    }
}

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        let User { id, name, email, email_verified_at, role, active, last_sign_in_at, created_at } = user;
        Self {
            id: id.to_string(),
            name,
            email,
            email_verified: email_verified_at.is_some(),
            role: role.0.into(),
            active,
            last_sign_in_at: last_sign_in_at.map(timestamp::of),
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_users::account_id, Uuid> {
    igny8_users::account_id.eq(conn.account().uuid())
}

fn live(id: Uuid) -> And<Eq<igny8_users::id, Uuid>, IsNull<igny8_users::deleted_at>> {
    igny8_users::id.eq(id).and(igny8_users::deleted_at.is_null())
}

pub async fn find(conn: &mut AccountConn, id: Uuid) -> rpc::Result<User> {
    let user = User::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
    user.ok_or_else(|| Error::not_found("user"))
}

/// A user that the caller is about to change. Holds the account's row as well: what can take an owner away is done one at a time.
async fn lock(conn: &mut AccountConn, caller: &Caller, id: Uuid) -> rpc::Result<User> {
    let account = igny8_accounts::table.find(conn.account().uuid()).select(igny8_accounts::id);
    account.for_no_key_update().first::<Uuid>(conn).await?;
    let user = find(conn, id).await?;
    outranked_by(caller, user.role.0)?;
    Ok(user)
}

/// Owners are changed by owners only.
fn outranked_by(caller: &Caller, role: Role) -> rpc::Result<()> {
    if role <= caller.role() {
        return Ok(());
    }
    Err(Error::denied("ROLE_TOO_LOW", "This user has a higher role than you. Ask an owner of the account."))
}

/// A role that the caller may give to a user, an invitation or an API key.
pub fn grantable(caller: &Caller, role: i32) -> rpc::Result<Role> {
    let unknown = || Error::invalid("role", "This is not a role. Choose viewer, editor, admin or owner.");
    let role = Role::try_from(role).ok().filter(|role| role.json_name().is_some()).ok_or_else(unknown)?;
    if role == Role::Developer || role > caller.role() {
        return Err(Error::denied(
            "ROLE_NOT_GRANTABLE",
            "You cannot give a role above your own. Ask an owner of the account.",
        ));
    }
    Ok(role)
}

/// Refuses what would leave the account without an active owner.
async fn another_owner(conn: &mut AccountConn, than: Uuid) -> rpc::Result<()> {
    let others: i64 = igny8_users::table
        .filter(owned_by(conn))
        .filter(igny8_users::id.ne(than))
        .filter(igny8_users::role.eq(Stored(Role::Owner)))
        .filter(igny8_users::active)
        .filter(igny8_users::deleted_at.is_null())
        .count()
        .get_result(conn)
        .await?;
    if others > 0 {
        return Ok(());
    }
    Err(Error::precondition(
        "LAST_OWNER",
        "An account needs at least one active owner. Make somebody else an owner first.",
    ))
}

/// A user who comes in with a verified address.
#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_users)]
pub struct Invited<'r> {
    pub name: &'r str,
    pub email: &'r str,
    pub password_hash: &'r str,
    pub role: Stored<Role>,
}

pub async fn insert(conn: &mut AccountConn, user: &Invited<'_>) -> rpc::Result<Uuid> {
    diesel::insert_into(igny8_users::table)
        .values((
            igny8_users::account_id.eq(conn.account().uuid()),
            igny8_users::id.eq(Uuid::now_v7()),
            igny8_users::email_verified_at.eq(now),
            user,
        ))
        .returning(igny8_users::id)
        .get_result(conn)
        .await
        .constraints(CONSTRAINTS)
}

/// Whether the account has a user with this address.
pub async fn has(conn: &mut AccountConn, email: &str) -> rpc::Result<bool> {
    let user = igny8_users::table.filter(owned_by(conn)).filter(igny8_users::email.eq(email));
    let user = user.filter(igny8_users::deleted_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(user)).get_result(conn).await?)
}

pub fn email_taken() -> Error {
    Error::conflict("EMAIL_TAKEN", Some("email"), EMAIL_TAKEN)
}

/// A live user, kept from being deleted before the end of the transaction.
pub async fn hold(conn: &mut AccountConn, id: Uuid) -> rpc::Result<Option<User>> {
    Ok(User::query().filter(owned_by(conn)).filter(live(id)).for_key_share().first(conn).await.optional()?)
}

/// Takes the deletion of a user back, with the API keys that went with them. They sign in anew.
pub async fn restore(conn: &mut AccountConn, caller: &Caller, id: Uuid) -> rpc::Result<()> {
    let deleted = igny8_users::table.filter(owned_by(conn)).filter(igny8_users::id.eq(id));
    let found: Option<(Stored<Role>, Option<DateTime<Utc>>)> =
        deleted.select((igny8_users::role, igny8_users::deleted_at)).for_update().first(conn).await.optional()?;
    let Some((role, Some(deleted_at))) = found else { return Err(Error::not_found("user")) };
    outranked_by(caller, role.0)?;
    diesel::update(deleted)
        .set(igny8_users::deleted_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    api_keys::restore_with_user(conn, id, deleted_at).await
}
