//! How somebody becomes staff: by the operator's command, never over the network.

use contracts::rest::v1::Role;
use db::{Db, Stored, SystemConn, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use uuid::Uuid;

use crate::schema::igny8_users as users;

/// Makes the user with this address a developer.
pub async fn grant_developer(db: &Db, address: &str) -> Result<()> {
    let by_address = users::table
        .filter(users::email.eq(address).and(users::deleted_at.is_null()))
        .select((users::account_id, users::id));
    let found = db.system(async |conn: &mut SystemConn| Ok(by_address.first(conn).await.optional()?)).await?;
    let (account, user): (AccountId, Uuid) = found.ok_or_else(|| Error::not_found("user"))?;
    db.account(account, async |conn| {
        let row = users::table.find((conn.account().uuid(), user));
        diesel::update(row)
            .set((users::role.eq(Stored(Role::Developer)), users::epoch.eq(users::epoch + 1)))
            .execute(conn)
            .await?;
        audit::record(conn, audit::Actor::default(), "user.developer_granted", Some(user), []).await
    })
    .await
}
