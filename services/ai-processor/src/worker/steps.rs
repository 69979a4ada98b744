//! Checkpoints: a finished provider call is never paid for twice.

use db::Db;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::AccountId;
use uuid::Uuid;

use crate::provider::Failure;
use crate::schema::igny8_job_steps;

/// Stored only while this try still holds the job: an earlier worker that woke up late changes nothing.
const KEEP: &str = "
    INSERT INTO igny8_job_steps (account_id, job_id, step, input_hash, output)
    SELECT account_id, id, $4, $5, $6 FROM igny8_jobs WHERE account_id = $1 AND id = $2 AND epoch = $3 AND state = 'running'
    ON CONFLICT (account_id, job_id, step) DO UPDATE SET input_hash = excluded.input_hash, output = excluded.output";

/// The steps of one job, as this try of it sees them.
#[derive(Debug, Clone)]
pub struct Steps {
    db: Db,
    account: AccountId,
    job: Uuid,
    epoch: i64,
}

impl Steps {
    /// Those that a try of this epoch may read and keep.
    pub fn new(db: Db, account: AccountId, job: Uuid, epoch: i64) -> Self {
        Self { db, account, job, epoch }
    }

    /// The output of a step: that of an earlier try where it had the same input, else that of `work`, which does not begin before that is known and is kept before it
    /// is answered.
    pub async fn run(
        &self,
        step: i32,
        input_hash: [u8; 32],
        work: impl Future<Output = Result<Vec<u8>, Failure>>,
    ) -> Result<Vec<u8>, Failure> {
        if let Some(output) = self.earlier(step, &input_hash).await.map_err(|error| undecided(&error))? {
            return Ok(output);
        }
        let output = work.await?;
        match self.keep(step, &input_hash, &output).await.map_err(|error| undecided(&error))? {
            0 => Err(Failure::Transient {
                code: "JOB_LOST",
                message: "Another worker has taken this job over.".to_owned(),
                retry_after: None,
            }),
            _ => Ok(output),
        }
    }

    async fn earlier(&self, step: i32, input_hash: &[u8]) -> rpc::Result<Option<Vec<u8>>> {
        let read = async |conn: &mut db::AccountConn| {
            let key = (self.account.uuid(), self.job, step);
            let row = igny8_job_steps::table.find(key).filter(igny8_job_steps::input_hash.eq(input_hash));
            Ok(row.select(igny8_job_steps::output).first(conn).await.optional()?)
        };
        self.db.account(self.account, read).await
    }

    async fn keep(&self, step: i32, input_hash: &[u8], output: &[u8]) -> rpc::Result<usize> {
        let keep = async |conn: &mut db::AccountConn| {
            let statement = db::statement(KEEP)
                .bind::<SqlUuid, _>(self.account.uuid())
                .bind::<SqlUuid, _>(self.job)
                .bind::<BigInt, _>(self.epoch)
                .bind::<Integer, _>(step)
                .bind::<Binary, _>(input_hash)
                .bind::<Binary, _>(output);
            Ok(statement.execute(conn).await?)
        };
        self.db.account(self.account, keep).await
    }
}

fn undecided(error: &rpc::Error) -> Failure {
    tracing::warn!(error = ?error, "could not keep a step of a job");
    Failure::Transient {
        code: "DATABASE_UNAVAILABLE",
        message: "Our database did not answer. The job is tried again.".to_owned(),
        retry_after: None,
    }
}
