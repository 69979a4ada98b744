//! Holds whose end was never told: their job's deadline has passed, and no event came.
//!
//! No timer gives credits back. The owner of the job is asked, with `CancelIfAbsent`: a job that it never saw is written down there as
//! cancelled, so that a submission on its way is refused. Only what has ended for good resolves a hold.

use std::sync::Arc;
use std::time::Duration;

use contracts::ai_processor::v1::job_service_client::JobServiceClient;
use contracts::ai_processor::v1::{CancelIfAbsentRequest, JobState, JobStatus};
use db::{Db, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::Uuid as Id;
use diesel_async::RunQueryDsl;
use rpc::client::{Channel, Context};
use rpc::{AccountId, Result};
use uuid::Uuid;

use crate::{App, ledger};

const EVERY: Duration = Duration::from_secs(15);

/// Overdue holds, each taken by one process at a time: the next look at it is after one minute, then two, four, at last an hour.
const CLAIM: &str = "
    UPDATE igny8_reservations SET checks = checks + 1,
        next_check_at = now() + least(interval '1 minute' * power(2, least(checks, 6)), interval '1 hour')
    WHERE state = 'held' AND (account_id, id) IN (
        SELECT account_id, id FROM igny8_reservations WHERE state = 'held' AND next_check_at <= now()
        ORDER BY next_check_at LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING account_id, id, job_id";

/// A hold whose job should have ended.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Overdue {
    #[diesel(sql_type = Id)]
    pub account_id: AccountId,
    #[diesel(sql_type = Id)]
    pub id: Uuid,
    #[diesel(sql_type = Id)]
    pub job_id: Uuid,
}

/// Reconciles for as long as the process lives.
pub async fn run(app: Arc<App>, ai_processor: Channel) {
    loop {
        match reconcile(&app.db, &ai_processor).await {
            Ok(0) => {}
            Ok(resolved) => tracing::info!(resolved, "resolved holds whose end was never told"),
            Err(error) => tracing::warn!(error = ?error, "could not reconcile holds"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Asks for each overdue hold once, and answers how many it resolved. The first failure ends it: what is left is asked for later.
pub async fn reconcile(db: &Db, ai_processor: &Channel) -> Result<usize> {
    let mut resolved = 0;
    for hold in claim(db).await? {
        let context = Context::default().account(hold.account_id);
        let mut jobs = JobServiceClient::new(ai_processor.with(context));
        let request = CancelIfAbsentRequest { job_id: hold.job_id.to_string() };
        let status = jobs.cancel_if_absent(request).await?.into_inner();
        resolved += usize::from(apply(db, hold, &status).await?);
    }
    Ok(resolved)
}

/// The holds that are due for a look.
pub async fn claim(db: &Db) -> Result<Vec<Overdue>> {
    db.system(async |conn: &mut SystemConn| Ok(diesel::sql_query(CLAIM).load(conn).await?)).await
}

/// Resolves the hold if its job has ended, and answers whether.
pub async fn apply(db: &Db, hold: Overdue, status: &JobStatus) -> Result<bool> {
    let ended =
        matches!(status.state(), JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::Expired);
    if ended {
        let charge = status.charge.unwrap_or_default().max(0);
        db.account(hold.account_id, async |conn| ledger::resolve(conn, hold.id, charge).await).await?;
    } else {
        tracing::debug!(hold = %hold.id, job = %hold.job_id, state = ?status.state(), "the job of an overdue hold has not ended");
    }
    Ok(ended)
}
