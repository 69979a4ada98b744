//! After a rotation of keys: which rows an old key has sealed. Once they are sealed anew the old key can go.

use db::SystemConn;
use diesel::QueryableByName;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};
use uuid::Uuid;

use crate::App;

/// A row whose secret an old key has sealed.
#[derive(Debug, QueryableByName)]
pub(crate) struct Stale {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Text)]
    key: String,
}

/// Of the rows that the query finds, with `account_id`, `id` and `key`, those that are to be sealed anew.
pub(crate) async fn stale(app: &App, sealed: &str) -> Result<Vec<Stale>> {
    let rows = app.db.system(async |conn: &mut SystemConn| Ok(diesel::sql_query(sealed).load::<Stale>(conn).await?));
    // A record begins with its version and the id of its key.
    let is_stale = |row: &Stale| app.seal.needs_resealing(&format!("v1:{}:", row.key));
    Ok(rows.await?.into_iter().filter(is_stale).collect())
}

impl Stale {
    /// One whose key is gone keeps the others from nothing.
    pub(crate) fn tell(&self, resealed: Result<()>) {
        if let Err(error) = resealed {
            tracing::warn!(row = %self.id, error = ?error, "could not seal a secret anew");
        }
    }
}
