//! What other services tell: accounts that begin and end, caps of API keys, and jobs that ended.

use std::sync::Arc;

use bus::{Consumer, Delivery};
use contracts::ai_processor::v1::JobFinished;
use contracts::auth::v1::{AccountCreated, AccountDeleted, ApiKeyChanged};
use rpc::Result;

use crate::{App, api_key_caps, close_account, ledger};

/// The consumer with a handler for each event that this service hears.
pub fn handle(consumer: Consumer, app: &Arc<App>) -> Consumer {
    let app = || Arc::clone(app);
    let (created, deleted, key, finished) = (app(), app(), app(), app());
    consumer
        .on(move |delivery| account_created(Arc::clone(&created), delivery))
        .on(move |delivery| account_deleted(Arc::clone(&deleted), delivery))
        .on(move |delivery| api_key_changed(Arc::clone(&key), delivery))
        .on(move |delivery| job_finished(Arc::clone(&finished), delivery))
}

/// Wallet, subscription and starting credits, unless a request was faster.
async fn account_created(app: Arc<App>, delivery: Delivery<AccountCreated>) -> Result<()> {
    app.db
        .account(delivery.account(), async |conn| {
            if bus::first_time(conn, &delivery).await? {
                ledger::open(conn).await?;
            }
            Ok(())
        })
        .await
}

/// Without an inbox row: a repetition finds nothing left to do, and one after a failure in the middle finds the rest.
async fn account_deleted(app: Arc<App>, delivery: Delivery<AccountDeleted>) -> Result<()> {
    close_account(&app.db, delivery.account()).await
}

/// Without an inbox row: an older change, or the same once more, changes nothing.
async fn api_key_changed(app: Arc<App>, delivery: Delivery<ApiKeyChanged>) -> Result<()> {
    app.db.account(delivery.account(), async |conn| api_key_caps::copy(conn, &delivery.message).await).await
}

/// Settles the job's hold at its charge, or gives it back.
async fn job_finished(app: Arc<App>, delivery: Delivery<JobFinished>) -> Result<()> {
    let Some(reservation) = &delivery.message.reservation_id else { return Ok(()) };
    let reservation = rpc::id("reservation_id", reservation)?;
    app.db
        .account(delivery.account(), async |conn| {
            if bus::first_time(conn, &delivery).await? {
                ledger::resolve(conn, reservation, delivery.message.charge.max(0)).await?;
            }
            Ok(())
        })
        .await
}
