//! Handing a request to ai-processor, and taking it back.

use chrono::TimeDelta;
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::SubmitOutcome;
use rpc::client::Context;
use rpc::{AccountId, Error, Kind, Result};
use uuid::Uuid;

use crate::hold::is_answer;
use crate::jobs::unattended;
use crate::request::{Move, advance, input_part, input_parts};
use crate::{JobRequest, Jobs, Step};

/// How often a job is asked after when its event does not come.
pub(crate) const ASK_EVERY: TimeDelta = TimeDelta::seconds(15);

/// The reason of a job that was cancelled before it came.
pub(crate) const TOMBSTONED: &str = "JOB_CANCELLED";

impl Jobs {
    /// Hands a request with `credits` held to ai-processor. A repetition changes nothing.
    pub(crate) async fn submit(
        &self,
        account: AccountId,
        context: Context,
        (request, credits): (&JobRequest, i64),
    ) -> Result<()> {
        let spec = self.action_of(request)?.spec();
        let (input, input_parts) = self.send_input(account, &context, request).await?;
        let message = pb::SubmitJobRequest {
            job_id: request.id.to_string(),
            reservation_id: (credits > 0).then(|| request.id.to_string()),
            action: spec.job.into(),
            queue: spec.queue.into(),
            input,
            input_sha256: request.input_sha256.clone(),
            input_parts,
            max_charge: credits,
            deadline_at: Some(rpc::timestamp::of(request.deadline_at)),
            site_id: Some(request.site_id.to_string()),
            user_id: request.user_id.map(|id| id.to_string()),
            api_key_id: request.api_key_id.map(|id| id.to_string()),
            units: request.units,
        };
        let outcome = self.ai(context).submit_job(message).await?.into_inner().outcome();
        if outcome == SubmitOutcome::Tombstoned {
            return Err(Error::new(Kind::Aborted, TOMBSTONED, "This was cancelled before it began. Start it again."));
        }
        let step = (Step::Submitted, ASK_EVERY);
        self.db()
            .account(account, async |conn| advance(conn, request.id, &[Step::Reserved], step, Move::default()).await)
            .await?;
        Ok(())
    }

    /// An input of one part goes along with the job; more of them go ahead.
    async fn send_input(&self, account: AccountId, context: &Context, request: &JobRequest) -> Result<(Vec<u8>, i32)> {
        let read = async |part: i32| {
            let part = self.db().account(account, async |conn| input_part(conn, request.id, part).await).await?;
            part.ok_or_else(|| Error::internal(anyhow::anyhow!("a part of the input of {} is missing", request.id)))
        };
        let parts = self.db().account(account, async |conn| input_parts(conn, request.id).await).await?;
        let parts = i32::try_from(parts).map_err(Error::internal)?;
        match parts {
            0 => return Ok((Vec::new(), 0)),
            1 => return Ok((read(0).await?, 0)),
            _ => {}
        }
        let mut ai = self.ai(context.clone());
        for part in 0..parts {
            let body = read(part).await?;
            ai.put_job_input(pb::PutJobInputRequest { job_id: request.id.to_string(), part, body }).await?;
        }
        Ok((Vec::new(), parts))
    }

    /// Stops a request: at once while it waits, else at the job's next heartbeat. `false` when it had ended.
    pub async fn cancel(&self, account: AccountId, id: Uuid) -> Result<bool> {
        let found = self.db().account(account, async |conn| JobRequest::find(conn, id).await).await?;
        let request = found.ok_or_else(|| Error::not_found("task"))?;
        match request.step {
            Step::New | Step::Reserved => {
                let stopped = Error::new(Kind::Aborted, "CANCELLED", "This was cancelled before it began.");
                self.give_up(account, &request, &stopped).await?;
                Ok(true)
            }
            Step::Submitted => {
                self.cancel_job(account, id).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Cancels a job, also one that has not arrived yet.
    pub(crate) async fn cancel_job(&self, account: AccountId, id: Uuid) -> Result<()> {
        let message = pb::CancelOwnJobRequest { job_id: id.to_string() };
        match self.ai(unattended(account)).cancel_own_job(message).await.map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(error) if is_answer(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
