//! Erasing what has had its time: once a minute, across accounts, as the system role.
//!
//! The policies of the tables repeat the graces: even a wrong statement here cannot erase a keyword that was deleted yesterday, or a run
//! that was over last month.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, SystemConn};
use diesel_async::RunQueryDsl;
use rpc::Result;

use crate::{App, imports};

const EVERY: Duration = Duration::from_mins(1);

/// Each in a transaction of its own, in portions, until nothing is left. A cluster goes after the last keyword that names it.
const ERASE: &[(&str, &str)] = &[
    (
        "content ideas",
        "DELETE FROM igny8_content_ideas i USING (
             SELECT account_id, id FROM igny8_content_ideas WHERE deleted_at < now() - interval '30 days' LIMIT 10000) old
         WHERE i.account_id = old.account_id AND i.id = old.id",
    ),
    (
        "keywords",
        "DELETE FROM igny8_keywords k USING (
             SELECT account_id, id FROM igny8_keywords WHERE deleted_at < now() - interval '30 days' LIMIT 10000) old
         WHERE k.account_id = old.account_id AND k.id = old.id",
    ),
    (
        "site pages",
        "DELETE FROM igny8_site_pages p USING (
             SELECT account_id, id FROM igny8_site_pages WHERE deleted_at < now() - interval '30 days' LIMIT 10000) old
         WHERE p.account_id = old.account_id AND p.id = old.id",
    ),
    (
        "clusters",
        "DELETE FROM igny8_clusters c USING (
             SELECT account_id, id FROM igny8_clusters o WHERE deleted_at < now() - interval '30 days' AND NOT EXISTS (
                 SELECT FROM igny8_keywords k WHERE k.account_id = o.account_id AND k.cluster_id = o.id) LIMIT 10000) old
         WHERE c.account_id = old.account_id AND c.id = old.id",
    ),
    // A run takes up to a thousand items with it, and their jobs.
    (
        "runs of automation",
        "DELETE FROM igny8_automation_runs r USING (
             SELECT account_id, id FROM igny8_automation_runs WHERE finished_at < now() - interval '1 year' LIMIT 20) old
         WHERE r.account_id = old.account_id AND r.id = old.id",
    ),
];

/// Sweeps for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = sweep(&app.db).await {
            tracing::warn!(error = ?error, "could not sweep");
        }
        if let Err(error) = imports::sweep(&app).await {
            tracing::warn!(error = ?error, "could not sweep imports");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Erases once what has had its time. What fails does not keep the rest; the first failure is the answer.
pub async fn sweep(db: &Db) -> Result<()> {
    let mut outcome = db.sweep().await.map(drop);
    for (what, statement) in ERASE {
        loop {
            let erase = async |conn: &mut SystemConn| Ok(diesel::sql_query(*statement).execute(conn).await?);
            match db.system(erase).await {
                Ok(0) => break,
                Ok(erased) => tracing::info!(what, erased, "swept"),
                Err(error) => {
                    outcome = outcome.and(Err(error));
                    break;
                }
            }
        }
    }
    outcome
}
