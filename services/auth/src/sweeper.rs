//! Erasing what has had its time: once a minute, across accounts, as the system role.
//!
//! The policies of the tables repeat the graces: even a wrong statement here cannot erase a user who was deleted yesterday.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use contracts::auth::v1 as pb;
use db::{Db, SystemConn};
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result, timestamp};

use crate::App;

const EVERY: Duration = Duration::from_mins(1);

/// Each in a transaction of its own, children before parents. Refresh tokens of a session stay as long as it does, so that reuse is noticed.
/// Rows of people, sites and accounts take what hangs on them along.
const ERASE: &[(&str, &str)] = &[
    ("sign-in attempts", "DELETE FROM igny8_sign_in_attempts WHERE updated_at < now() - interval '1 hour'"),
    ("link tokens", "DELETE FROM igny8_user_tokens WHERE expires_at < now()"),
    ("refresh tokens", "DELETE FROM igny8_refresh_tokens WHERE expires_at < now()"),
    ("sessions", "DELETE FROM igny8_sessions WHERE expires_at < now() OR ended_at < now() - interval '1 day'"),
    ("invitations", "DELETE FROM igny8_invitations WHERE expires_at < now() - interval '30 days'"),
    ("API keys", "DELETE FROM igny8_api_keys WHERE revoked_at < now() - interval '30 days'"),
    ("sectors", "DELETE FROM igny8_sectors WHERE deleted_at < now() - interval '30 days'"),
    ("sites", "DELETE FROM igny8_sites WHERE deleted_at < now() - interval '30 days'"),
    ("users", "DELETE FROM igny8_users WHERE deleted_at < now() - interval '30 days'"),
    (
        "audit entries",
        "DELETE FROM igny8_audit_log USING igny8_accounts WHERE account_id = igny8_accounts.id AND deletes_at < now() AND NOT system",
    ),
];

const ENDED: &str = "SELECT id FROM igny8_accounts WHERE deletes_at < now() AND NOT system";
const ERASE_ACCOUNT: &str = "DELETE FROM igny8_accounts WHERE id = $1 AND deletes_at < now() AND NOT system";

/// Sweeps for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = sweep(&app.db).await {
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
    outcome.and(erase_accounts(db).await)
}

/// Each account in a transaction of its own, together with the word to the other services that it is gone.
async fn erase_accounts(db: &Db) -> Result<()> {
    let ended: Vec<Ended> =
        db.system(async |conn: &mut SystemConn| Ok(diesel::sql_query(ENDED).load(conn).await?)).await?;
    for Ended { id: account } in ended {
        let id = account.uuid();
        let erased = db.system(async |conn: &mut SystemConn| {
            let erased = diesel::sql_query(ERASE_ACCOUNT).bind::<sql_types::Uuid, _>(id).execute(conn).await?;
            if erased == 1 {
                let deleted = pb::AccountDeleted { deleted_at: Some(timestamp::of(Utc::now())) };
                bus::push_as_system(conn, account, id, &deleted).await?;
            }
            Ok(erased)
        });
        if erased.await? == 1 {
            tracing::info!(account = %id, "erased an account");
        }
    }
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct Ended {
    #[diesel(sql_type = sql_types::Uuid)]
    id: AccountId,
}
