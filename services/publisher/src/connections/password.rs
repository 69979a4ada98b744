//! Application passwords at rest: sealed for their account and row, sealed anew after a rotation of keys, forgotten after a deletion.

use db::{AccountConn, Db, SystemConn};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error};
use seal::Place;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::row::owned_by;
use crate::schema::igny8_connections;
use crate::{App, resealing};

const PURPOSE: &str = "wordpress password";

pub(super) fn seal(app: &App, account: AccountId, id: Uuid, password: &str) -> rpc::Result<String> {
    let place = Place::of_account(PURPOSE, account.uuid(), id);
    app.seal.seal(password.trim().as_bytes(), place).map_err(Error::internal)
}

pub(super) fn unseal(app: &App, account: AccountId, id: Uuid, sealed: &str) -> rpc::Result<SecretString> {
    let place = Place::of_account(PURPOSE, account.uuid(), id);
    let password = app.seal.open(sealed, place).map_err(Error::internal)?;
    let password = std::str::from_utf8(password.expose_secret()).map_err(Error::internal)?;
    Ok(password.into())
}

/// Forgets the passwords of connections whose deletion cannot be taken back any more.
pub async fn forget_deleted(db: &Db) -> rpc::Result<()> {
    let forget = "UPDATE igny8_connections SET password_sealed = ''
        WHERE deleted_at < now() - interval '1 hour' AND password_key <> ''";
    db.system(async |conn: &mut SystemConn| {
        diesel::sql_query(forget).execute(conn).await?;
        Ok(())
    })
    .await
}

/// Seals anew whatever an old key has sealed.
pub async fn reseal(app: &App) -> rpc::Result<()> {
    for row in resealing::stale(
        app,
        "SELECT account_id, id, password_key AS key FROM igny8_connections WHERE password_key <> ''",
    )
    .await?
    {
        let resealed = app.db.account(row.account_id, async |conn| reseal_one(conn, app, row.id).await);
        row.tell(resealed.await);
    }
    Ok(())
}

async fn reseal_one(conn: &mut AccountConn, app: &App, id: Uuid) -> rpc::Result<()> {
    let row = igny8_connections::table.filter(owned_by(conn)).filter(igny8_connections::id.eq(id));
    let sealed: Option<String> =
        row.select(igny8_connections::password_sealed).for_update().first(conn).await.optional()?;
    let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) else { return Ok(()) };
    let account = conn.account();
    let password = unseal(app, account, id, &sealed)?;
    let sealed = seal(app, account, id, password.expose_secret())?;
    diesel::update(row).set(igny8_connections::password_sealed.eq(sealed)).execute(conn).await?;
    Ok(())
}
