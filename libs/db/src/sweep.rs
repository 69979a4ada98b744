use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;

use crate::Db;
use crate::schema::{igny8_idempotency_keys, igny8_undo};

impl Db {
    /// Deletes undo tokens and idempotency keys that are past their time, in all accounts, and answers how many. Expired ones count as
    /// gone anyway: run it every few minutes to keep the tables small.
    pub async fn sweep(&self) -> Result<usize> {
        self.system(async |conn| {
            let tokens = diesel::delete(igny8_undo::table.filter(igny8_undo::expires_at.le(now))).execute(conn).await?;
            let expired = igny8_idempotency_keys::table.filter(igny8_idempotency_keys::expires_at.le(now));
            let keys = diesel::delete(expired).execute(conn).await?;
            Ok(tokens + keys)
        })
        .await
    }
}
