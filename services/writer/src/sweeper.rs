//! Erasing what has had its time: once a minute, across accounts, as the system role. Files that nothing shows any more: once an hour.
//!
//! The policies of the tables repeat the graces: even a wrong statement here cannot erase an article that was deleted yesterday.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, SystemConn};
use diesel_async::RunQueryDsl;
use rpc::Result;

use crate::{App, files};

const EVERY: Duration = Duration::from_mins(1);
/// Finding files that nothing shows takes a look at all of them.
const FILES_EVERY: Duration = Duration::from_hours(1);

/// Each in a transaction of its own, in portions, until nothing is left. The revisions of an article go with it.
const ERASE: &[(&str, &str)] = &[
    (
        "images",
        "DELETE FROM igny8_images i USING (
             SELECT account_id, id FROM igny8_images WHERE deleted_at < now() - interval '30 days' LIMIT 1000) old
         WHERE i.account_id = old.account_id AND i.id = old.id",
    ),
    (
        "content",
        "DELETE FROM igny8_content c USING (
             SELECT account_id, id FROM igny8_content WHERE deleted_at < now() - interval '30 days' LIMIT 1000) old
         WHERE c.account_id = old.account_id AND c.id = old.id",
    ),
    (
        "tasks",
        "DELETE FROM igny8_tasks t USING (
             SELECT account_id, id FROM igny8_tasks WHERE deleted_at < now() - interval '30 days' LIMIT 10000) old
         WHERE t.account_id = old.account_id AND t.id = old.id",
    ),
];

/// Sweeps for as long as the process lives.
pub async fn run(app: Arc<App>) {
    tokio::join!(sweep_rows(&app), sweep_files(&app));
}

async fn sweep_rows(app: &App) {
    loop {
        if let Err(error) = sweep(&app.db).await {
            tracing::warn!(error = ?error, "could not sweep");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn sweep_files(app: &App) {
    loop {
        if let Err(error) = files::sweep(&app.db, &app.files).await {
            tracing::warn!(error = ?error, "could not sweep files");
        }
        tokio::time::sleep(FILES_EVERY).await;
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
