//! The sweeper: every state that could stall has a rule here that moves it on. Any number of processes may sweep at once; each job is one
//! small transaction, guarded by what was found.

use std::sync::Arc;
use std::time::Duration;

use contracts::ai_processor::v1::JobState;
use db::{AccountConn, Db};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};
use uuid::Uuid;

use crate::App;
use crate::dispatcher::CLASSES;
use crate::jobs::{self, End, Move};
use crate::worker::backoff;

/// Crashes after which a job counts as the cause of them.
const POISON: i32 = 3;
/// How often what has had its time is erased.
const ERASE_EVERY: Duration = Duration::from_mins(10);

/// One row for each job that stands still, and why. A cancel that came while the job was on its way back counts before its next try.
const STALLED: &str = "
    SELECT * FROM (
        SELECT account_id, id, 'cancelled' AS rule, epoch, attempt, crashes FROM igny8_jobs
        WHERE finished_at IS NULL AND cancel_requested_at IS NOT NULL AND state <> 'running'
        UNION ALL
        SELECT account_id, id, 'late', epoch, attempt, crashes FROM igny8_jobs
        WHERE finished_at IS NULL AND deadline_at < now() AND state <> 'running' AND cancel_requested_at IS NULL
        UNION ALL
        SELECT account_id, id, 'due', epoch, attempt, crashes FROM igny8_jobs
        WHERE state = 'waiting' AND next_at <= now() AND deadline_at >= now() AND cancel_requested_at IS NULL
        UNION ALL
        SELECT account_id, id, 'lost', epoch, attempt, crashes FROM igny8_jobs
        WHERE state = 'dispatched' AND next_at <= now() AND deadline_at >= now() AND cancel_requested_at IS NULL
        UNION ALL
        SELECT j.account_id, j.id, 'silent', j.epoch, j.attempt, j.crashes FROM igny8_job_leases l
        JOIN igny8_jobs j ON j.account_id = l.account_id AND j.id = l.job_id AND j.epoch = l.epoch
        WHERE l.lease_until < now() AND j.state = 'running'
    ) stalled LIMIT 1000";

const ERASE: &[&str] = &[
    "DELETE FROM igny8_jobs WHERE finished_at < now() - interval '90 days'",
    "DELETE FROM igny8_job_inputs WHERE created_at < now() - interval '30 days'",
    "DELETE FROM igny8_workers WHERE seen_at < now() - interval '1 hour'",
];

#[derive(Debug, QueryableByName)]
struct Stalled {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    rule: String,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Integer)]
    attempt: i32,
    #[diesel(sql_type = Integer)]
    crashes: i32,
}

/// Sweeps for as long as the process lives.
pub async fn run(app: Arc<App>) {
    tokio::join!(sweep_forever(&app), erase_forever(&app.db));
}

async fn sweep_forever(app: &App) {
    loop {
        tokio::time::sleep(app.settings.sweep()).await;
        if let Err(error) = sweep(app).await {
            tracing::warn!(error = ?error, "could not sweep");
        }
    }
}

async fn erase_forever(db: &Db) {
    loop {
        for statement in ERASE {
            let erased = db.system(async |conn| Ok(diesel::sql_query(*statement).execute(conn).await?)).await;
            if let Err(error) = erased {
                tracing::warn!(error = ?error, "could not erase what has had its time");
            }
        }
        tokio::time::sleep(ERASE_EVERY).await;
    }
}

/// Moves on once what stands still, and answers how many jobs that was. What fails is tried again by the next sweep.
pub async fn sweep(app: &App) -> Result<usize> {
    let stalled: Vec<Stalled> = app.db.system(async |conn| Ok(db::statement(STALLED).load(conn).await?)).await?;
    let mut moved = 0;
    for job in stalled {
        match app.db.account(job.account_id, async |conn| move_on(conn, app, &job).await).await {
            Ok(true) => moved += 1,
            Ok(false) => {}
            Err(error) => tracing::warn!(error = ?error, job = %job.id, rule = job.rule, "could not move a job on"),
        }
    }
    if moved > 0 {
        for class in CLASSES {
            app.dispatcher.wake(class);
        }
    }
    Ok(moved)
}

async fn move_on(conn: &mut AccountConn, app: &App, job: &Stalled) -> Result<bool> {
    match job.rule.as_str() {
        "cancelled" => jobs::end(conn, job.id, &cancelled()).await,
        "late" => jobs::end(conn, job.id, &late()).await,
        "due" => jobs::shift(conn, job.id, &Move::to_queue(JobState::Waiting)).await,
        "lost" => jobs::shift(conn, job.id, &Move::to_queue(JobState::Dispatched)).await,
        _ => silent(conn, app, job).await,
    }
}

/// Whoever worked on it went silent: another try, unless it was that job that silenced three.
async fn silent(conn: &mut AccountConn, app: &App, job: &Stalled) -> Result<bool> {
    tracing::warn!(job = %job.id, epoch = job.epoch, crashes = job.crashes + 1, "a worker went silent about a job");
    if job.crashes + 1 < POISON && job.attempt < jobs::MAX_ATTEMPTS {
        let retry = Move { crashed: true, ..Move::to_wait(job.epoch, backoff(&app.settings, job.attempt)) };
        return jobs::shift(conn, job.id, &retry).await;
    }
    let poison = End::unpaid(
        JobState::Failed,
        "JOB_CRASHED",
        "This could not be finished: its worker stopped each time. Nothing was charged. Write to support if it stays so.",
    );
    jobs::end(conn, job.id, &End { epoch: Some(job.epoch), ..poison }).await
}

/// The end of a job that was cancelled while nobody worked on it.
pub fn cancelled() -> End {
    End::unpaid(JobState::Cancelled, "CANCELLED", "This was cancelled.")
}

fn late() -> End {
    End::unpaid(
        JobState::Expired,
        "DEADLINE_EXCEEDED",
        "This could not be done in time. Nothing was charged. Start it again.",
    )
}
