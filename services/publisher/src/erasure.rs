//! Erasing an account that has ended: every row of it, in small pieces, as often as it takes.
//!
//! Repeating it changes nothing, so it needs no row in the inbox. Messages on their way out stay.

use db::{AccountConn, Db, SystemConn};
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::AccountId;

/// Children before parents.
const TABLES: &[&str] = &[
    "igny8_webhook_deliveries",
    "igny8_webhooks",
    "igny8_site_media",
    "igny8_publications",
    "igny8_connections",
    "igny8_site_copies",
    "igny8_undo",
    "igny8_idempotency_keys",
];

/// How many rows go in one transaction: few enough that none runs into the limit of a statement.
const PIECE: i64 = 2000;

/// Erases all that is kept of an account. The audit log is the system role's to erase, and only of accounts that have ended.
pub async fn erase(db: &Db, account: AccountId) -> rpc::Result<()> {
    db.account(account, end).await?;
    for table in TABLES {
        while db.account(account, async |conn: &mut AccountConn| erase_piece(conn, table).await).await? > 0 {}
    }
    let log = "DELETE FROM igny8_audit_log WHERE account_id = $1";
    let erase_log = async |conn: &mut SystemConn| {
        Ok(diesel::sql_query(log).bind::<SqlUuid, _>(account.uuid()).execute(conn).await?)
    };
    db.system(erase_log).await?;
    tracing::info!(%account, "erased an account");
    Ok(())
}

async fn end(conn: &mut AccountConn) -> rpc::Result<()> {
    let statement = "INSERT INTO igny8_ended_accounts (account_id) VALUES ($1) ON CONFLICT DO NOTHING";
    diesel::sql_query(statement).bind::<SqlUuid, _>(conn.account().uuid()).execute(conn).await?;
    Ok(())
}

async fn erase_piece(conn: &mut AccountConn, table: &str) -> rpc::Result<usize> {
    let piece = format!("SELECT ctid FROM {table} WHERE account_id = $1 LIMIT $2");
    let statement = format!("DELETE FROM {table} WHERE account_id = $1 AND ctid = ANY (ARRAY({piece}))");
    let statement = diesel::sql_query(statement).bind::<SqlUuid, _>(conn.account().uuid()).bind::<BigInt, _>(PIECE);
    Ok(statement.execute(conn).await?)
}
