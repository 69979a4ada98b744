//! Claiming: of all who heard of a dispatch, one gets the job.

use std::time::Duration;

use contracts::ai_processor::v1::{JobAction, JobClass};
use db::{Db, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};
use uuid::Uuid;

use crate::dispatcher::Hint;

/// All hints of a batch in one statement and one commit. An old hint, a cancelled job and one past its deadline find nothing.
const CLAIM: &str = "
    WITH claimed AS (
        UPDATE igny8_jobs j SET state = 'running', attempt = j.attempt + 1, epoch = j.epoch + 1,
            started_at = coalesce(j.started_at, now())
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) h (account_id, id, dispatch_seq)
        WHERE j.account_id = h.account_id AND j.id = h.id AND j.state = 'dispatched' AND j.dispatch_seq = h.dispatch_seq
            AND j.cancel_requested_at IS NULL AND j.deadline_at > now()
        RETURNING j.account_id, j.id, j.class, j.action, j.site_id, j.units, j.max_charge, j.input_sha256, j.epoch, j.attempt,
            least(j.deadline_at, now() + $6 * interval '1 second') AS attempt_deadline
    ), leased AS (
        INSERT INTO igny8_job_leases (account_id, job_id, epoch, worker_id, lease_until, attempt_deadline)
        SELECT account_id, id, epoch, $4, now() + $5 * interval '1 second', attempt_deadline FROM claimed
        ON CONFLICT (account_id, job_id) DO UPDATE SET epoch = excluded.epoch, worker_id = excluded.worker_id,
            lease_until = excluded.lease_until, attempt_deadline = excluded.attempt_deadline, phase = 'init', percent = 0, message = '',
            updated_at = now()
    )
    SELECT account_id, id, class, action, site_id, units, max_charge, input_sha256, epoch, attempt,
        extract(epoch FROM attempt_deadline - now())::float8 AS seconds
    FROM claimed";

/// Dispatches whose hint nobody confirmed for five seconds: with the broker away, this is how jobs are found.
const UNHEARD: &str = "
    SELECT account_id, id, dispatch_seq FROM igny8_jobs
    WHERE state = 'dispatched' AND class = $1 AND next_at < now() + interval '5 seconds' ORDER BY next_at LIMIT $2";

/// One try of a job, as this process holds it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Claim {
    #[diesel(sql_type = SqlUuid, column_name = account_id)]
    pub account: AccountId,
    #[diesel(sql_type = SqlUuid, column_name = id)]
    pub job: Uuid,
    #[diesel(sql_type = Text)]
    pub class: Stored<JobClass>,
    #[diesel(sql_type = Text)]
    pub action: Stored<JobAction>,
    #[diesel(sql_type = Nullable<SqlUuid>, column_name = site_id)]
    pub site: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    pub units: i64,
    #[diesel(sql_type = BigInt)]
    pub max_charge: i64,
    #[diesel(sql_type = Binary)]
    pub input_sha256: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    pub epoch: i64,
    #[diesel(sql_type = Integer)]
    pub attempt: i32,
    /// How long the try may take from now: a duration and no time, so that two clocks need not agree.
    #[diesel(sql_type = Double)]
    seconds: f64,
}

impl Claim {
    pub fn limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or_default()
    }

    pub fn is_for(&self, hint: &Hint) -> bool {
        self.account.uuid() == hint.account && self.job == hint.job
    }
}

/// For whom jobs are claimed, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub worker: Uuid,
    pub lease: Duration,
    pub attempt_limit: Duration,
}

/// Claims what these hints tell of, as far as it is still to be had.
pub async fn claim(db: &Db, hints: &[Hint], terms: Terms) -> Result<Vec<Claim>> {
    let accounts: Vec<Uuid> = hints.iter().map(|hint| hint.account).collect();
    let jobs: Vec<Uuid> = hints.iter().map(|hint| hint.job).collect();
    let seqs: Vec<i64> = hints.iter().map(|hint| hint.seq).collect();
    db.system(async |conn| {
        let statement = db::statement(CLAIM)
            .bind::<Array<SqlUuid>, _>(&accounts)
            .bind::<Array<SqlUuid>, _>(&jobs)
            .bind::<Array<BigInt>, _>(&seqs)
            .bind::<SqlUuid, _>(terms.worker)
            .bind::<Double, _>(terms.lease.as_secs_f64())
            .bind::<Double, _>(terms.attempt_limit.as_secs_f64());
        Ok(statement.load(conn).await?)
    })
    .await
}

/// What was dispatched and not heard of.
pub(super) async fn unheard(db: &Db, class: JobClass, most: i64) -> Result<Vec<Hint>> {
    db.system(async |conn| {
        let statement = db::statement(UNHEARD).bind::<Text, _>(Stored(class)).bind::<BigInt, _>(most);
        Ok(statement.load(conn).await?)
    })
    .await
}
