//! The last state of a job: its result, its charge and its one event, in one transaction.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::ai_processor::v1::{self as pb, JobAction, JobState};
use contracts::progress::v1::Phase;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Result, timestamp};
use serde_json::Value;
use uuid::Uuid;

/// The size of the pieces in which a result is kept and read.
const PIECE: usize = 64 * 1024;

/// A job that runs ends by the hand of the try that holds it; any other one by whoever comes first. The lane is locked before the job.
const END: &str = "
    WITH lane AS MATERIALIZED (
        SELECT account_id, class FROM igny8_lanes
        WHERE account_id = $1 AND class = (SELECT class FROM igny8_jobs WHERE account_id = $1 AND id = $2) FOR UPDATE
    ), held AS MATERIALIZED (
        SELECT j.id, j.state AS was FROM lane JOIN igny8_jobs j USING (account_id, class)
        WHERE j.id = $2 AND j.finished_at IS NULL AND (CASE WHEN j.state = 'running' THEN j.epoch = $3 ELSE $3 IS NULL END)
        FOR UPDATE OF j
    ), ended AS (
        UPDATE igny8_jobs j SET state = $4, finished_at = now(), charge = least($5, j.max_charge), error_code = $6, error_message = $7,
            phase = coalesce($8, j.phase), percent = coalesce($9, j.percent), receipt = $10
        FROM held WHERE j.account_id = $1 AND j.id = held.id
        RETURNING j.account_id, j.id, j.class, j.requester, j.action, j.reservation_id, j.site_id, j.charge, j.finished_at, held.was
    ), released AS (
        DELETE FROM igny8_job_leases l USING ended WHERE l.account_id = ended.account_id AND l.job_id = ended.id
    ), kept AS (
        INSERT INTO igny8_job_results (account_id, job_id, piece, body)
        SELECT ended.account_id, ended.id, p.piece - 1, p.body FROM ended, unnest($11::bytea[]) WITH ORDINALITY p (body, piece)
    ), counted AS (
        UPDATE igny8_lanes l SET
            inflight = l.inflight - (CASE WHEN ended.was IN ('dispatched', 'running') THEN 1 ELSE 0 END),
            queued = l.queued - (CASE WHEN ended.was = 'queued' THEN 1 ELSE 0 END)
        FROM ended WHERE l.account_id = ended.account_id AND l.class = ended.class
    )
    SELECT requester, action, reservation_id, site_id, charge, finished_at FROM ended";

/// How a job ends.
#[derive(Debug, Clone)]
pub struct End {
    pub state: JobState,
    /// Of the try that ends it; none for a job that does not run.
    pub epoch: Option<i64>,
    pub charge: i64,
    /// A code, and a sentence for people.
    pub error: Option<(String, String)>,
    /// What was last seen of it.
    pub seen: Option<(Phase, u8)>,
    pub receipt: Option<Value>,
    pub result: Vec<u8>,
}

impl End {
    /// Without a result, a charge or a try.
    pub fn unpaid(state: JobState, code: &str, message: &str) -> Self {
        let error = Some((code.to_owned(), message.to_owned()));
        Self { state, epoch: None, charge: 0, error, seen: None, receipt: None, result: Vec::new() }
    }
}

#[derive(Debug, QueryableByName)]
struct Ended {
    #[diesel(sql_type = Text)]
    requester: String,
    #[diesel(sql_type = Nullable<Text>)]
    action: Option<Stored<JobAction>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    reservation_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    site_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    charge: i64,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    finished_at: DateTime<Utc>,
}

/// Ends a job, and answers whether it was this call that did.
pub async fn end(conn: &mut AccountConn, id: Uuid, end: &End) -> Result<bool> {
    let account = conn.account().uuid();
    let pieces: Vec<&[u8]> = end.result.chunks(PIECE).collect();
    let (code, message) = end.error.as_ref().map(|(code, message)| (code.as_str(), message.as_str())).unzip();
    let statement = db::statement(END)
        .bind::<SqlUuid, _>(account)
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<BigInt>, _>(end.epoch)
        .bind::<Text, _>(end.state.json_name().unwrap_or_default())
        .bind::<BigInt, _>(end.charge)
        .bind::<Nullable<Text>, _>(code)
        .bind::<Nullable<Text>, _>(message)
        .bind::<Nullable<Text>, _>(end.seen.and_then(|(phase, _)| phase.json_name()))
        .bind::<Nullable<Integer>, _>(end.seen.map(|(_, percent)| i32::from(percent)))
        .bind::<Nullable<Jsonb>, _>(end.receipt.clone())
        .bind::<Array<Binary>, _>(pieces);
    let ended: Option<Ended> = statement.get_result(conn).await.optional()?;
    let Some(ended) = ended else { return Ok(false) };
    bus::push(conn, id, &ended.event(id, end)).await?;
    Ok(true)
}

impl Ended {
    fn event(self, id: Uuid, end: &End) -> pb::JobFinished {
        let (error_code, error_message) = end.error.clone().unzip();
        pb::JobFinished {
            job_id: id.to_string(),
            requester: self.requester,
            action: self.action.map_or(JobAction::Unspecified, |action| action.0).into(),
            state: end.state.into(),
            reservation_id: self.reservation_id.map(|id| id.to_string()),
            charge: self.charge,
            site_id: self.site_id.map(|id| id.to_string()),
            error_code,
            error_message,
            finished_at: Some(timestamp::of(self.finished_at)),
        }
    }
}
