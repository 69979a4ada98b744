//! The proof of the ledger: every balance is what its entries sum up to, and what the holds say.
//!
//! The database refuses each wrong step; this looks at the result, and would find a row that was changed past all rules. The platform's side
//! of every entry is summed here too, because it keeps no balance.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as Id};
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use crate::App;

const AFTER_START: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_hours(1);

/// Wallets in one statement, which sees all of their entries at one moment.
const WALLETS: &str = "
    WITH wallet AS (
        SELECT account_id, posted, pending FROM igny8_wallets
        WHERE kind = 'wallet' AND account_id > $1 ORDER BY account_id LIMIT 50
    ), entry AS (
        SELECT account_id,
            sum(CASE WHEN op = 'direct' AND credit = account_id THEN amount WHEN op IN ('direct', 'post') THEN -amount ELSE 0 END) AS posted,
            sum(CASE op WHEN 'pending' THEN amount WHEN 'direct' THEN 0 ELSE -pending_amount END) AS pending,
            sum(amount) FILTER (WHERE op = 'post') AS spent
        FROM igny8_transfers JOIN wallet USING (account_id) GROUP BY account_id
    ), hold AS (
        SELECT account_id, sum(credits) FILTER (WHERE state = 'held') AS held, sum(charge) AS charged
        FROM igny8_reservations JOIN wallet USING (account_id) GROUP BY account_id
    )
    SELECT account_id, wallet.posted,
        (abs(wallet.posted - coalesce(entry.posted, 0)) + abs(wallet.pending - coalesce(entry.pending, 0))
         + abs(wallet.pending - coalesce(hold.held, 0)) + abs(coalesce(entry.spent, 0) - coalesce(hold.charged, 0)))::bigint AS imbalance
    FROM wallet LEFT JOIN entry USING (account_id) LEFT JOIN hold USING (account_id) ORDER BY account_id";

const OVERDUE: &str = "SELECT count(*) AS holds FROM igny8_reservations
    WHERE state = 'held' AND deadline_at < now() - interval '24 hours'";

#[derive(Debug, QueryableByName)]
struct Wallet {
    #[diesel(sql_type = Id)]
    account_id: Uuid,
    #[diesel(sql_type = BigInt)]
    posted: i64,
    #[diesel(sql_type = BigInt)]
    imbalance: i64,
}

#[derive(Debug, QueryableByName)]
struct Overdue {
    #[diesel(sql_type = BigInt)]
    holds: i64,
}

/// What a proof found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    pub accounts: usize,
    /// Credits by which balances differ from what they should be. Anything but 0 is an alarm.
    pub imbalance: i64,
    /// Credits that accounts have and the platform owes.
    pub outstanding: i64,
    /// Holds that are a day past their job's deadline.
    pub overdue_holds: i64,
}

/// Names the metrics for whoever reads them.
pub fn describe() {
    metrics::describe_gauge!(
        "igny8.ledger.imbalance",
        "credits by which balances differ from the sum of their entries"
    );
    metrics::describe_gauge!("igny8.ledger.outstanding", "credits that accounts have");
    metrics::describe_gauge!("igny8.ledger.overdue_holds", "holds that are a day past the deadline of their job");
    metrics::describe_counter!("igny8.ledger.overage", "credits used above their hold, which nobody pays");
}

/// Proves the ledger every hour for as long as the process lives.
pub async fn run(app: Arc<App>) {
    tokio::time::sleep(AFTER_START).await;
    loop {
        match prove(&app.db).await {
            Ok(proof) => publish(proof),
            Err(error) => tracing::warn!(error = ?error, "could not prove the ledger"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "gauges are floats, and the figure to alarm on is 0"
)]
fn publish(proof: Proof) {
    metrics::gauge!("igny8.ledger.imbalance").set(proof.imbalance as f64);
    metrics::gauge!("igny8.ledger.outstanding").set(proof.outstanding as f64);
    metrics::gauge!("igny8.ledger.overdue_holds").set(proof.overdue_holds as f64);
    tracing::info!(?proof, "proved the ledger");
}

/// Looks at every account once.
pub async fn prove(db: &Db) -> Result<Proof> {
    let overdue = async |conn: &mut SystemConn| Ok(diesel::sql_query(OVERDUE).get_result::<Overdue>(conn).await?);
    let mut proof = Proof { overdue_holds: db.system(overdue).await?.holds, ..Proof::default() };
    let mut last = Uuid::nil();
    loop {
        let wallets = wallets_after(db, last).await?;
        let Some(end) = wallets.last() else { return Ok(proof) };
        last = end.account_id;
        for Wallet { account_id, posted, imbalance } in wallets {
            if imbalance != 0 {
                tracing::error!(account = %account_id, imbalance, "the ledger of an account does not add up");
            }
            proof.accounts += 1;
            proof.imbalance += imbalance;
            proof.outstanding += posted;
        }
    }
}

async fn wallets_after(db: &Db, account: Uuid) -> Result<Vec<Wallet>> {
    db.system(async |conn: &mut SystemConn| {
        // Sums over all entries of a large account take longer than a request may.
        diesel::sql_query("SET LOCAL statement_timeout = '5min'").execute(conn).await?;
        Ok(diesel::sql_query(WALLETS).bind::<Id, _>(account).load(conn).await?)
    })
    .await
}
