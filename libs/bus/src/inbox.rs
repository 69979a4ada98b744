use std::time::Duration;

use db::{AccountConn, Db};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;

use crate::Delivery;
use crate::schema::igny8_inbox;

const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// A message can come again as long as this after it had its effect; after that only what the effect itself notices keeps it single.
const FORGET: &str = "DELETE FROM igny8_inbox WHERE (account_id, id) IN \
    (SELECT account_id, id FROM igny8_inbox WHERE processed_at < now() - interval '30 days' LIMIT 5000)";

/// Whether this transaction is the first in which the message has an effect. If not, change nothing more: it came again because the
/// broker did not learn that it was done.
///
/// Of two transactions at once the second waits for the first, and is told of its outcome.
pub async fn first_time<M>(conn: &mut AccountConn, delivery: &Delivery<M>) -> Result<bool> {
    let row = (igny8_inbox::account_id.eq(conn.account().uuid()), igny8_inbox::id.eq(delivery.id()));
    let inserted = diesel::insert_into(igny8_inbox::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(inserted == 1)
}

/// Forgets old rows for as long as it runs.
pub(crate) async fn sweep_forever(db: &Db) {
    loop {
        match db.system(async |conn| Ok(diesel::sql_query(FORGET).execute(conn).await?)).await {
            Ok(5000) => continue,
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "swept the inbox"),
            Err(error) => tracing::warn!(error = ?error, "could not sweep the inbox"),
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}
