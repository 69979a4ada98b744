//! Accepting a job: once, however often it is sent.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::ai_processor::v1::{self as pb, JobAction, JobClass, JobState, SubmitOutcome};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Result, timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::input;
use crate::schema::{igny8_jobs, igny8_lanes};

/// The lane, locked before the job: the next statement sees it as it is after this one.
const LANE: &str = "
    INSERT INTO igny8_lanes (account_id, class, max_inflight) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, class) DO UPDATE SET max_inflight = excluded.max_inflight";

/// Only a job that was inserted counts in its lane.
const INSERT: &str = "
    WITH lane AS (
        SELECT l.last_vft, l.weight, c.v FROM igny8_lanes l JOIN igny8_vclocks c ON c.class = l.class
        WHERE l.account_id = $1 AND l.class = $5
    ), job AS (
        INSERT INTO igny8_jobs (account_id, id, requester, action, class, site_id, user_id, api_key_id, reservation_id, req_hash,
            input_sha256, units, max_charge, deadline_at, state, vft)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'queued', greatest(last_vft, v) + 1 / weight FROM lane
        ON CONFLICT (account_id, id) DO NOTHING
        RETURNING account_id, id, class, vft
    ), kept AS (
        INSERT INTO igny8_job_inputs (account_id, job_id, part, body) SELECT account_id, id, 0, $15 FROM job WHERE $16
        ON CONFLICT (account_id, job_id, part) DO UPDATE SET body = excluded.body
    ), counted AS (
        UPDATE igny8_lanes l SET queued = l.queued + 1, last_vft = job.vft,
            head_vft = CASE WHEN l.queued = 0 THEN job.vft ELSE least(l.head_vft, job.vft) END
        FROM job WHERE l.account_id = job.account_id AND l.class = job.class
    )
    SELECT FROM job";

/// A job as it was sent.
#[derive(Debug)]
pub(super) struct New<'r> {
    id: Uuid,
    requester: &'r str,
    action: JobAction,
    pub(super) class: JobClass,
    site: Option<Uuid>,
    user: Option<Uuid>,
    api_key: Option<Uuid>,
    reservation: Option<Uuid>,
    input: &'r [u8],
    input_parts: i32,
    input_sha256: Vec<u8>,
    units: i64,
    max_charge: i64,
    deadline: DateTime<Utc>,
}

impl<'r> New<'r> {
    pub(super) fn read(requester: &'r str, request: &'r pb::SubmitJobRequest) -> Result<Self> {
        let id = |field: &str, text: &Option<String>| text.as_deref().map(|text| rpc::id(field, text)).transpose();
        let deadline = request.deadline_at.as_ref().and_then(timestamp::read);
        Ok(Self {
            id: rpc::id("job_id", &request.job_id)?,
            requester,
            action: request.action(),
            class: request.queue(),
            site: id("site_id", &request.site_id)?,
            user: id("user_id", &request.user_id)?,
            api_key: id("api_key_id", &request.api_key_id)?,
            reservation: id("reservation_id", &request.reservation_id)?,
            input: &request.input,
            input_parts: request.input_parts,
            input_sha256: input_hash(request)?,
            units: request.units,
            max_charge: request.max_charge,
            deadline: deadline.ok_or_else(|| Error::invalid("deadline_at", "There is no such time."))?,
        })
    }

    /// What a repetition must have in common with the first. Not the deadline: it may be counted from the time of sending.
    fn hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        for id in [Some(self.id), self.site, self.user, self.api_key, self.reservation] {
            hash.update(id.unwrap_or_default().as_bytes());
        }
        for text in [Some(self.requester), self.action.json_name(), self.class.json_name()] {
            hash.update(text.unwrap_or_default());
            hash.update([0]);
        }
        for number in [self.units, self.max_charge] {
            hash.update(number.to_be_bytes());
        }
        hash.update(&self.input_sha256);
        hash.finalize().to_vec()
    }
}

/// What was sent along with the job must be what its hash says. What came in parts is checked when it is read.
fn input_hash(request: &pb::SubmitJobRequest) -> Result<Vec<u8>> {
    let in_parts = request.input_parts > 0;
    if in_parts && !request.input.is_empty() {
        return Err(Error::invalid("input", "The input came in parts already."));
    }
    let given = request.input_sha256.as_slice();
    let hash = Sha256::digest(&request.input).to_vec();
    match given.len() {
        0 if !in_parts => Ok(hash),
        32 if in_parts || given == hash => Ok(given.to_vec()),
        _ => Err(Error::invalid("input_sha256", "This is not the hash of the input.")),
    }
}

/// What was there already under this id.
#[derive(Debug, Queryable)]
struct Earlier {
    req_hash: Vec<u8>,
    state: Stored<JobState>,
    action: Option<String>,
}

/// Accepts a job, or says what is there already. `places` is how many of its account and class may be out at once.
pub(super) async fn submit(conn: &mut AccountConn, job: &New<'_>, places: i32) -> Result<pb::SubmitJobResponse> {
    lock_lane(conn, job.class, places).await?;
    if insert(conn, job).await? {
        if job.input_parts > 0 && input::parts(conn, job.id).await? != i64::from(job.input_parts) {
            return Err(Error::precondition(
                "JOB_INPUT_INCOMPLETE",
                "Parts of the input are missing. Send them again.",
            ));
        }
        return Ok(answer(SubmitOutcome::Accepted, JobState::Queued));
    }
    let key = (conn.account().uuid(), job.id);
    let earlier: Earlier = igny8_jobs::table
        .find(key)
        .select((igny8_jobs::req_hash, igny8_jobs::state, igny8_jobs::action))
        .first(conn)
        .await?;
    match earlier.action {
        None => Ok(answer(SubmitOutcome::Tombstoned, JobState::Cancelled)),
        Some(_) if earlier.req_hash == job.hash() => Ok(answer(SubmitOutcome::Exists, earlier.state.0)),
        Some(_) => Err(Error::new(
            Kind::AlreadyExists,
            "JOB_MISMATCH",
            "There is another job under this id. Choose a new id for a new job.",
        )),
    }
}

fn answer(outcome: SubmitOutcome, state: JobState) -> pb::SubmitJobResponse {
    pb::SubmitJobResponse { outcome: outcome.into(), state: state.into() }
}

/// Written to only when its cap changed.
async fn lock_lane(conn: &mut AccountConn, class: JobClass, places: i32) -> Result<()> {
    let account = conn.account().uuid();
    let class = class.json_name().unwrap_or_default();
    let lane = igny8_lanes::table.find((account, class)).filter(igny8_lanes::max_inflight.eq(places));
    let locked: Option<i32> = lane.select(igny8_lanes::inflight).for_update().first(conn).await.optional()?;
    if locked.is_none() {
        let statement =
            db::statement(LANE).bind::<SqlUuid, _>(account).bind::<Text, _>(class).bind::<Integer, _>(places);
        statement.execute(conn).await?;
    }
    Ok(())
}

async fn insert(conn: &mut AccountConn, job: &New<'_>) -> Result<bool> {
    let statement = db::statement(INSERT)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(job.id)
        .bind::<Text, _>(job.requester)
        .bind::<Text, _>(Stored(job.action))
        .bind::<Text, _>(Stored(job.class))
        .bind::<Nullable<SqlUuid>, _>(job.site)
        .bind::<Nullable<SqlUuid>, _>(job.user)
        .bind::<Nullable<SqlUuid>, _>(job.api_key)
        .bind::<Nullable<SqlUuid>, _>(job.reservation)
        .bind::<Binary, _>(job.hash())
        .bind::<Binary, _>(job.input_sha256.as_slice())
        .bind::<BigInt, _>(job.units)
        .bind::<BigInt, _>(job.max_charge)
        .bind::<Timestamptz, _>(job.deadline)
        .bind::<Binary, _>(job.input)
        .bind::<Bool, _>(job.input_parts == 0);
    Ok(statement.execute(conn).await? > 0)
}
