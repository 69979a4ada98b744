//! Application passwords at rest: sealed for their account and row, sealed anew after a rotation of keys, forgotten after a deletion.

use db::{AccountConn, Db, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error};
use seal::Place;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::row::owned_by;
use crate::App;
use crate::schema::igny8_connections;

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

#[derive(Debug, QueryableByName)]
struct Sealed {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    password_key: String,
}

/// Seals anew whatever an old key has sealed. After that the old key can go.
pub async fn reseal(app: &App) -> rpc::Result<()> {
    let all = "SELECT account_id, id, password_key FROM igny8_connections WHERE password_key <> ''";
    let rows = app.db.system(async |conn: &mut SystemConn| Ok(diesel::sql_query(all).load::<Sealed>(conn).await?));
    // A record begins with its version and the id of its key.
    for row in rows.await?.into_iter().filter(|row| app.seal.needs_resealing(&format!("v1:{}:", row.password_key))) {
        // One whose key is gone keeps the others from nothing.
        if let Err(error) = app.db.account(row.account_id, async |conn| reseal_one(conn, app, row.id).await).await {
            tracing::warn!(connection = %row.id, error = ?error, "could not seal a password anew");
        }
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
