//! Heartbeats: leases are renewed and progress is kept for the jobs in hand, all in one statement; what is missing in its answer is lost.

use std::collections::HashSet;
use std::time::Duration;

use contracts::JsonEnum;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::Stop;
use super::held::Beat;
use crate::App;
use crate::dispatcher::CLASSES;

/// What is said within this goes out together.
const GATHER: Duration = Duration::from_millis(100);
/// How often it is asked which jobs are not wanted any more.
const ASK: Duration = Duration::from_secs(1);

const BEAT: &str = "
    UPDATE igny8_job_leases l SET lease_until = now() + $7 * interval '1 second', phase = x.phase, percent = x.percent,
        message = x.message, updated_at = CASE WHEN (l.phase, l.percent, l.message) = (x.phase, x.percent, x.message)
            THEN l.updated_at ELSE now() END
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::int[], $6::text[])
        x (account_id, job_id, epoch, phase, percent, message), igny8_jobs j
    WHERE l.account_id = x.account_id AND l.job_id = x.job_id AND l.epoch = x.epoch AND l.attempt_deadline > now()
        AND j.account_id = l.account_id AND j.id = l.job_id AND j.state = 'running'
    RETURNING l.account_id, l.job_id, j.cancel_requested_at IS NOT NULL AS cancelling";

const CANCELLED: &str = "
    SELECT account_id, id AS job_id, true AS cancelling FROM igny8_jobs
    WHERE finished_at IS NULL AND cancel_requested_at IS NOT NULL AND state = 'running'";

const PRESENT: &str = "
    INSERT INTO igny8_workers (id, class, slots, seen_at) SELECT $1, c.class, c.slots, now()
    FROM unnest($2::text[], $3::int[]) c (class, slots)
    ON CONFLICT (id, class) DO UPDATE SET slots = excluded.slots, seen_at = excluded.seen_at";

#[derive(Debug, QueryableByName)]
struct Renewed {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    job_id: Uuid,
    #[diesel(sql_type = Bool)]
    cancelling: bool,
}

/// Beats for as long as it is polled.
pub(super) async fn run(app: &App, worker: Uuid) {
    let mut beats = interval(app.settings.heartbeat());
    let mut asks = interval(ASK);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            _ = beats.tick() => all(app, worker).await,
            () = app.held.changed() => {
                sleep(GATHER).await;
                renew(app, app.held.beats(true), false).await
            }
            _ = asks.tick() => ask(app).await,
        };
        if let Err(error) = done {
            tracing::warn!(error = ?error, "a heartbeat failed");
        }
    }
}

async fn all(app: &App, worker: Uuid) -> Result<()> {
    present(app, worker).await?;
    renew(app, app.held.beats(false), true).await
}

/// Says that this process has slots.
pub(super) async fn present(app: &App, worker: Uuid) -> Result<()> {
    let (names, slots): (Vec<&str>, Vec<i32>) = CLASSES
        .iter()
        .map(|class| (class.json_name().unwrap_or_default(), i32::from(app.settings.slots(*class))))
        .unzip();
    app.db
        .system(async |conn| {
            let statement = db::statement(PRESENT)
                .bind::<SqlUuid, _>(worker)
                .bind::<Array<Text>, _>(&names)
                .bind::<Array<Integer>, _>(&slots);
            statement.execute(conn).await?;
            Ok(())
        })
        .await
}

/// Says that this process has none any more.
pub(super) async fn absent(app: &App, worker: Uuid) -> Result<()> {
    app.db
        .system(async |conn| {
            db::statement("DELETE FROM igny8_workers WHERE id = $1").bind::<SqlUuid, _>(worker).execute(conn).await?;
            Ok(())
        })
        .await
}

/// Renews leases and keeps what was said. With `judge`, what was not renewed is lost.
async fn renew(app: &App, beats: Vec<Beat>, judge: bool) -> Result<()> {
    if beats.is_empty() {
        return Ok(());
    }
    let reports: Vec<_> = beats.iter().map(|beat| beat.reporter.report()).collect();
    let statement = db::statement(BEAT)
        .bind::<Array<SqlUuid>, _>(beats.iter().map(|beat| beat.account.uuid()).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(beats.iter().map(|beat| beat.job).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(beats.iter().map(|beat| beat.epoch).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(reports.iter().map(|r| r.phase.json_name().unwrap_or("init")).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(reports.iter().map(|r| i32::from(r.percent)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(reports.iter().map(|r| r.message.as_str()).collect::<Vec<_>>())
        .bind::<Double, _>(app.settings.lease().as_secs_f64());
    let renewed = app.db.system(async |conn| Ok(statement.load::<Renewed>(conn).await?)).await?;
    tell(app, &renewed);
    if judge {
        let kept: HashSet<(AccountId, Uuid)> = renewed.iter().map(|row| (row.account_id, row.job_id)).collect();
        for beat in beats.iter().filter(|beat| !kept.contains(&(beat.account, beat.job))) {
            app.held.stop(beat.account, beat.job, Some(beat.epoch), Stop::Fenced);
        }
    }
    Ok(())
}

/// Asks which of the jobs in hand are not wanted any more.
async fn ask(app: &App) -> Result<()> {
    if app.held.is_empty() {
        return Ok(());
    }
    let cancelled = app.db.system(async |conn| Ok(db::statement(CANCELLED).load::<Renewed>(conn).await?)).await?;
    tell(app, &cancelled);
    Ok(())
}

fn tell(app: &App, jobs: &[Renewed]) {
    for job in jobs.iter().filter(|job| job.cancelling) {
        app.held.cancel(job.account_id, job.job_id);
    }
}
