//! A job that goes on: queued again, or waiting for its next try. Every change of a state is guarded by what it was, and counts in its lane.

use std::time::Duration;

use contracts::JsonEnum;
use contracts::ai_processor::v1::JobState;
use contracts::progress::v1::Phase;
use db::AccountConn;
use diesel::sql_types::{BigInt, Bool, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

/// The lane is locked before the job, as everywhere. A job that waited queues up anew; one that was out keeps its place.
const MOVE: &str = "
    WITH lane AS MATERIALIZED (
        SELECT account_id, class, last_vft, weight FROM igny8_lanes
        WHERE account_id = $1 AND class = (SELECT class FROM igny8_jobs WHERE account_id = $1 AND id = $2) FOR UPDATE
    ), held AS MATERIALIZED (
        SELECT j.id, j.state AS was, lane.last_vft, lane.weight FROM lane JOIN igny8_jobs j USING (account_id, class)
        WHERE j.id = $2 AND j.state = $3 AND (CASE WHEN j.state = 'running' THEN j.epoch = $4 ELSE j.next_at <= now() END)
        FOR UPDATE OF j
    ), moved AS (
        UPDATE igny8_jobs j SET state = $5, next_at = now() + $6 * interval '1 second',
            attempt = j.attempt - (CASE WHEN $7 THEN 1 ELSE 0 END), crashes = j.crashes + (CASE WHEN $8 THEN 1 ELSE 0 END),
            phase = coalesce($9, j.phase), percent = coalesce($10, j.percent),
            vft = CASE WHEN held.was = 'waiting'
                THEN greatest(held.last_vft, (SELECT v FROM igny8_vclocks c WHERE c.class = j.class)) + 1 / held.weight
                ELSE j.vft END
        FROM held WHERE j.account_id = $1 AND j.id = held.id
        RETURNING j.account_id, j.id, j.class, j.vft, held.was
    ), released AS (
        DELETE FROM igny8_job_leases l USING moved WHERE l.account_id = moved.account_id AND l.job_id = moved.id
    ), counted AS (
        UPDATE igny8_lanes l SET
            inflight = l.inflight - (CASE WHEN moved.was IN ('dispatched', 'running') THEN 1 ELSE 0 END),
            queued = l.queued + (CASE WHEN $5 = 'queued' THEN 1 ELSE 0 END),
            head_vft = CASE WHEN $5 <> 'queued' THEN l.head_vft WHEN l.queued = 0 THEN moved.vft
                ELSE least(l.head_vft, moved.vft) END,
            last_vft = greatest(l.last_vft, moved.vft)
        FROM moved WHERE l.account_id = moved.account_id AND l.class = moved.class
    )
    SELECT FROM moved";

/// Where a job goes, and from where.
#[derive(Debug, Clone)]
pub struct Move {
    pub from: JobState,
    pub to: JobState,
    /// Of the try, for a job that runs.
    pub epoch: i64,
    /// Until it is looked at again.
    pub delay: Duration,
    /// The try does not count.
    pub uncounted: bool,
    /// Its worker went silent.
    pub crashed: bool,
    /// What was last seen of it.
    pub seen: Option<(Phase, u8)>,
}

impl Move {
    /// What the sweeper finds waiting or lost goes back into the queue.
    pub fn to_queue(from: JobState) -> Self {
        let to = JobState::Queued;
        Self { from, to, epoch: 0, delay: Duration::ZERO, uncounted: false, crashed: false, seen: None }
    }

    /// What runs waits for another try.
    pub fn to_wait(epoch: i64, delay: Duration) -> Self {
        Self { from: JobState::Running, to: JobState::Waiting, epoch, delay, ..Self::to_queue(JobState::Running) }
    }
}

/// Moves a job on, and answers whether it was where it should have been.
pub async fn shift(conn: &mut AccountConn, id: Uuid, to: &Move) -> Result<bool> {
    let account = conn.account().uuid();
    let statement = db::statement(MOVE)
        .bind::<SqlUuid, _>(account)
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(to.from.json_name().unwrap_or_default())
        .bind::<BigInt, _>(to.epoch)
        .bind::<Text, _>(to.to.json_name().unwrap_or_default())
        .bind::<Double, _>(to.delay.as_secs_f64())
        .bind::<Bool, _>(to.uncounted)
        .bind::<Bool, _>(to.crashed)
        .bind::<Nullable<Text>, _>(to.seen.and_then(|(phase, _)| phase.json_name()))
        .bind::<Nullable<Integer>, _>(to.seen.map(|(_, percent)| i32::from(percent)));
    Ok(statement.execute(conn).await? > 0)
}
