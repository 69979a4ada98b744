//! Folding the deltas of keyword counts, so that a count sums few rows however much was changed.

use std::sync::Arc;
use std::time::Duration;

use db::Db;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Uuid};
use diesel_async::RunQueryDsl;
use rpc::Result;

use crate::App;

const EVERY: Duration = Duration::from_secs(1);

/// Fewer deltas than these are not worth the rows that folding leaves dead.
const WORTH: i64 = 50;

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = Uuid)]
    account_id: uuid::Uuid,
}

/// Folds for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = fold(&app.db, WORTH).await {
            tracing::warn!(error = ?error, "could not fold keyword counts");
        }
    }
}

/// Folds the counts of each account that has at least `worth` deltas, and answers how many accounts that were.
///
/// A count sees the rows before or after, which have the same sums. Two that fold at once wait for each other, and the second finds
/// nothing left of what the first took.
pub async fn fold(db: &Db, worth: i64) -> Result<usize> {
    let due: Vec<Due> = db
        .system(async |conn| {
            let due = db::statement(
                "SELECT account_id FROM igny8_keyword_counts WHERE NOT folded GROUP BY account_id HAVING count(*) >= $1",
            );
            Ok(due.bind::<BigInt, _>(worth).load(conn).await?)
        })
        .await?;
    for Due { account_id } in &due {
        db.system(async |conn| {
            db::statement(
                "WITH gone AS (
                     DELETE FROM igny8_keyword_counts WHERE account_id = $1
                     RETURNING account_id, site_id, sector_id, status, intent, clustered, keywords, volume)
                 INSERT INTO igny8_keyword_counts
                     (account_id, site_id, sector_id, status, intent, clustered, keywords, volume, folded)
                 SELECT account_id, site_id, sector_id, status, intent, clustered, sum(keywords), sum(volume), true
                 FROM gone GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(keywords) <> 0 OR sum(volume) <> 0",
            )
            .bind::<Uuid, _>(account_id)
            .execute(conn)
            .await?;
            Ok(())
        })
        .await?;
    }
    Ok(due.len())
}
