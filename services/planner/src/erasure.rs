//! The end of an account: every row of it goes, in portions that no statement chokes on.

use db::Db;
use diesel::sql_types::Uuid;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};

/// Rows in one transaction.
const PORTION: i32 = 10_000;

/// The tables of accounts, each before those that it refers to. A test compares them with the catalogue. The audit log is insert-only and
/// ends with the account in auth, where its like are kept.
pub const TABLES: &[&str] = &[
    "igny8_keyword_import_rejects",
    "igny8_keyword_imports",
    "igny8_automation_jobs",
    "igny8_automation_items",
    "igny8_automation_schedules",
    "igny8_automation_runs",
    "igny8_site_pages",
    "igny8_job_inputs",
    "igny8_job_requests",
    "igny8_idea_collisions",
    "igny8_content_ideas",
    "igny8_cluster_trees",
    "igny8_deleted_cluster_keywords",
    "igny8_keyword_moves",
    "igny8_keywords",
    "igny8_clusters",
    "igny8_keyword_counts",
    "igny8_sector_copies",
    "igny8_site_copies",
    "igny8_undo",
    "igny8_outbox",
    "igny8_inbox",
    "igny8_parked_messages",
    "igny8_idempotency_keys",
];

/// Erases all rows of an account. What fails is begun again with the event.
pub async fn erase(db: &Db, account: AccountId) -> Result<()> {
    for table in TABLES {
        // The names are those above: there is nothing to escape.
        let statement = format!(
            "DELETE FROM {table} WHERE account_id = $1 AND ctid = ANY (ARRAY(
                 SELECT ctid FROM {table} WHERE account_id = $1 LIMIT {PORTION}))"
        );
        loop {
            let portion = db.account(account, async |conn| {
                let account = conn.account().uuid();
                Ok(diesel::sql_query(&statement).bind::<Uuid, _>(account).execute(conn).await?)
            });
            if portion.await? == 0 {
                break;
            }
        }
    }
    Ok(())
}
