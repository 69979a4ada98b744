//! The end of an account: the ledger stays under the bare id, and all else goes.

use db::{Db, SystemConn};
use diesel::sql_types::Uuid as Id;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};

/// Holds that are open stay: they are resolved like any other. Messages in the outbox and inbox, and parked ones, are swept or worked on.
const CLOSE: &[&str] = &[
    "UPDATE igny8_wallets SET closed_at = now() WHERE account_id = $1 AND id = $1 AND closed_at IS NULL",
    "UPDATE igny8_reservations SET site_id = NULL, user_id = NULL, api_key_id = NULL WHERE account_id = $1",
    "DELETE FROM igny8_usage_logs WHERE account_id = $1",
    "DELETE FROM igny8_api_key_cap_copies WHERE account_id = $1",
    "DELETE FROM igny8_spending_caps WHERE account_id = $1",
    "DELETE FROM igny8_subscriptions WHERE account_id = $1",
    "DELETE FROM igny8_idempotency_keys WHERE account_id = $1",
    "DELETE FROM igny8_undo WHERE account_id = $1",
];

/// Closes the wallet and forgets whom and what it was for. May be repeated.
pub async fn close_account(db: &Db, account: AccountId) -> Result<()> {
    db.account(account, async |conn| {
        for statement in CLOSE {
            diesel::sql_query(*statement).bind::<Id, _>(account.uuid()).execute(conn).await?;
        }
        Ok(())
    })
    .await?;
    // Only the system role may, and only of an account that is closed.
    db.system(async |conn: &mut SystemConn| {
        let log = diesel::sql_query("DELETE FROM igny8_audit_log WHERE account_id = $1");
        log.bind::<Id, _>(account.uuid()).execute(conn).await?;
        Ok(())
    })
    .await
}
