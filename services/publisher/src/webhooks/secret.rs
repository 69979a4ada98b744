//! Secrets of webhooks at rest: sealed for their account and row, and sealed anew after a rotation of keys.

use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use seal::Place;
use secrecy::{ExposeSecret as _, SecretSlice};
use uuid::Uuid;

use super::owned_by;
use crate::schema::igny8_webhooks;
use crate::{App, resealing};

const PURPOSE: &str = "webhook secret";

pub(super) fn seal(app: &App, account: AccountId, id: Uuid, secret: &[u8]) -> Result<String> {
    app.seal.seal(secret, Place::of_account(PURPOSE, account.uuid(), id)).map_err(Error::internal)
}

pub(super) fn open(app: &App, account: AccountId, id: Uuid, sealed: &str) -> Result<SecretSlice<u8>> {
    app.seal.open(sealed, Place::of_account(PURPOSE, account.uuid(), id)).map_err(Error::internal)
}

/// Seals anew whatever an old key has sealed.
pub async fn reseal(app: &App) -> Result<()> {
    for row in resealing::stale(app, "SELECT account_id, id, secret_key AS key FROM igny8_webhooks").await? {
        let resealed = app.db.account(row.account_id, async |conn| reseal_one(conn, app, row.id).await);
        row.tell(resealed.await);
    }
    Ok(())
}

async fn reseal_one(conn: &mut AccountConn, app: &App, id: Uuid) -> Result<()> {
    let row = igny8_webhooks::table.filter(owned_by(conn)).filter(igny8_webhooks::id.eq(id));
    let sealed: Option<String> = row.select(igny8_webhooks::secret).for_update().first(conn).await.optional()?;
    let Some(sealed) = sealed else { return Ok(()) };
    let account = conn.account();
    let secret = open(app, account, id, &sealed)?;
    let sealed = seal(app, account, id, secret.expose_secret())?;
    diesel::update(row).set(igny8_webhooks::secret.eq(sealed)).execute(conn).await?;
    Ok(())
}
