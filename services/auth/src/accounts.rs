//! The account of the caller, and all accounts for staff.

mod enter;
mod list;
mod staff;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::auth::v1::account_service_server::AccountService;
use contracts::auth::v1::{self as pb, AccountStatus};
use db::{AccountConn, Stored, audit};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Mask, Result, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_accounts::{self, dsl};
use crate::{App, passwords};

pub use staff::grant_developer;

/// How long a cancelled account can be taken back.
const GRACE: TimeDelta = TimeDelta::days(30);

#[derive(Debug)]
pub struct Accounts(pub Arc<App>);

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Result<Response<pb::Account>, Status> {
        let (caller, pb::GetAccountRequest {}) = rpc::open(request)?;
        let account = self.0.db.transaction(&caller, async |conn| Account::read(conn).await);
        Ok(Response::new(account.await?.into()))
    }

    async fn update_account(
        &self,
        request: Request<pb::UpdateAccountRequest>,
    ) -> Result<Response<pb::Account>, Status> {
        let (caller, request) = rpc::open(request)?;
        let account = self.0.db.transaction(&caller, async |conn| {
            if let Some(name) = Mask::of(&request.update_mask).when("name", request.name.as_str()) {
                let row = diesel::update(dsl::igny8_accounts.filter(own(conn)));
                row.set(dsl::name.eq(name)).execute(conn).await?;
                tell_of_change(conn).await?;
                let id = conn.account().uuid();
                audit::record(conn, &caller, "account.updated", Some(id), [("fields", "name".to_owned())]).await?;
            }
            Account::read(conn).await
        });
        Ok(Response::new(account.await?.into()))
    }

    async fn cancel_account(
        &self,
        request: Request<pb::CancelAccountRequest>,
    ) -> Result<Response<pb::Account>, Status> {
        let (caller, request) = rpc::open(request)?;
        passwords::confirm(&self.0, &caller, &request.password, "password").await?;
        let account = self.0.db.transaction(&caller, async |conn| {
            cancel(conn).await?;
            tell_of_change(conn).await?;
            let id = conn.account().uuid();
            audit::record(conn, &caller, "account.cancelled", Some(id), []).await?;
            Account::read(conn).await
        });
        Ok(Response::new(account.await?.into()))
    }

    async fn restore_account(
        &self,
        request: Request<pb::RestoreAccountRequest>,
    ) -> Result<Response<pb::Account>, Status> {
        let (caller, pb::RestoreAccountRequest {}) = rpc::open(request)?;
        let account = self.0.db.transaction(&caller, async |conn| {
            restore(conn).await?;
            tell_of_change(conn).await?;
            let id = conn.account().uuid();
            audit::record(conn, &caller, "account.restored", Some(id), []).await?;
            Account::read(conn).await
        });
        Ok(Response::new(account.await?.into()))
    }

    async fn list_accounts(
        &self,
        request: Request<pb::ListAccountsRequest>,
    ) -> Result<Response<pb::ListAccountsResponse>, Status> {
        let (_caller, request) = rpc::open(request)?;
        Ok(Response::new(list::list(&self.0, &request).await?))
    }

    async fn enter_account(&self, request: Request<pb::EnterAccountRequest>) -> Result<Response<pb::Tokens>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(enter::enter(&self.0, &caller, rpc::id("id", &request.id)?).await?))
    }
}

/// One row of `igny8_accounts`, as its people see it.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_accounts)]
struct Account {
    id: Uuid,
    name: String,
    status: Stored<AccountStatus>,
    created_at: DateTime<Utc>,
    deletes_at: Option<DateTime<Utc>>,
}

impl Account {
    async fn read(conn: &mut AccountConn) -> Result<Self> {
        Self::query().filter(own(conn)).first(conn).await.optional()?.ok_or_else(|| Error::not_found("account"))
    }
}

impl From<Account> for pb::Account {
    fn from(Account { id, name, status, created_at, deletes_at }: Account) -> Self {
        Self {
            id: id.to_string(),
            name,
            status: status.0.into(),
            created_at: Some(timestamp::of(created_at)),
            deletes_at: deletes_at.map(timestamp::of),
        }
    }
}

/// Every statement on this table in an account names it through here.
fn own(conn: &AccountConn) -> Eq<igny8_accounts::id, Uuid> {
    dsl::id.eq(conn.account().uuid())
}

/// Locks the account's row until the end of the transaction: whoever counts its owners counts alone.
pub async fn lock(conn: &mut AccountConn) -> Result<()> {
    let row = dsl::igny8_accounts.filter(own(conn)).select(dsl::id).for_no_key_update();
    row.first::<Uuid>(conn).await.optional()?.map(drop).ok_or_else(|| Error::not_found("account"))
}

/// Tells the other services what the account is called and how it stands by now.
async fn tell_of_change(conn: &mut AccountConn) -> Result<()> {
    let Account { id, name, status, .. } = Account::read(conn).await?;
    bus::push(conn, id, &pb::AccountChanged { name, status: status.0.into() }).await
}

async fn cancel(conn: &mut AccountConn) -> Result<()> {
    let now = Utc::now();
    let live = [Stored(AccountStatus::Trial), Stored(AccountStatus::Active)];
    let row = dsl::igny8_accounts.filter(own(conn)).filter(dsl::status.eq_any(live)).filter(dsl::system.eq(false));
    let cancelled = diesel::update(row)
        .set((
            dsl::status.eq(Stored(AccountStatus::Cancelled)),
            dsl::status_before_cancel.eq(dsl::status.nullable()),
            dsl::cancelled_at.eq(now),
            dsl::deletes_at.eq(now + GRACE),
        ))
        .execute(conn)
        .await?;
    match cancelled {
        0 => Err(Error::precondition(
            "ACCOUNT_NOT_CANCELLABLE",
            "This account is cancelled already, or cannot be cancelled.",
        )),
        _ => Ok(()),
    }
}

async fn restore(conn: &mut AccountConn) -> Result<()> {
    let row = dsl::igny8_accounts.filter(own(conn)).filter(dsl::status.eq(Stored(AccountStatus::Cancelled)));
    let restored = diesel::update(row.filter(dsl::deletes_at.gt(Utc::now())))
        .set((
            dsl::status.eq(dsl::status_before_cancel.assume_not_null()),
            dsl::status_before_cancel.eq(None::<String>),
            dsl::cancelled_at.eq(None::<DateTime<Utc>>),
            dsl::deletes_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    match restored {
        0 => Err(Error::precondition(
            "ACCOUNT_NOT_CANCELLED",
            "This account is not cancelled, so there is nothing to take back.",
        )),
        _ => Ok(()),
    }
}
