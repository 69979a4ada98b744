//! Erasing what has had its time, of prompts, profiles, strategies and the request log: once a minute, across accounts, as the system role.
//!
//! The policies of the tables repeat the graces: a wrong statement here cannot erase what was deleted yesterday.

use std::time::Duration;

use db::{Db, SystemConn};
use diesel_async::RunQueryDsl;
use rpc::Result;

const EVERY: Duration = Duration::from_mins(1);

/// Few rows at a time: what is left goes in the next minute.
const ERASE: &[(&str, &str)] = &[
    (
        "request logs",
        "DELETE FROM igny8_ai_request_logs WHERE (account_id, id) IN (SELECT account_id, id FROM igny8_ai_request_logs
         WHERE created_at < now() - interval '30 days' LIMIT 20000)",
    ),
    ("author profiles", "DELETE FROM igny8_author_profiles WHERE deleted_at < now() - interval '30 days'"),
    ("strategies", "DELETE FROM igny8_strategies WHERE deleted_at < now() - interval '30 days'"),
];

/// Sweeps for as long as the process lives.
pub async fn run(db: Db) {
    loop {
        if let Err(error) = sweep(&db).await {
            tracing::warn!(error = ?error, "could not sweep");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Erases once what has had its time. What fails does not keep the rest; the first failure is the answer.
pub async fn sweep(db: &Db) -> Result<()> {
    let mut outcome = db.sweep().await.map(drop);
    for (what, statement) in ERASE {
        let erase = async |conn: &mut SystemConn| Ok(diesel::sql_query(*statement).execute(conn).await?);
        match db.system(erase).await {
            Ok(0) => {}
            Ok(erased) => tracing::info!(what, erased, "swept"),
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome
}
