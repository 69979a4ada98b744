//! The end of a request: hearing of it once, and applying the result once.

use bus::Delivery;
use chrono::TimeDelta;
use contracts::ai_processor::v1::{GetJobStatesRequest, JobFinished, JobState, JobStatus};
use db::AccountConn;
use diesel_async::SimpleAsyncConnection;
use rpc::{AccountId, Error, Kind, Result};
use serde_json::Value;
use uuid::Uuid;

use crate::jobs::unattended;
use crate::request::{Move, advance, put_off};
use crate::submit::ASK_EVERY;
use crate::{Figures, JobRequest, Jobs, Outcome, Step};

/// A job may end before the answer to its submission is here, and one that was given up may have succeeded all the same: then it is paid
/// for, and its result is kept.
const OPEN: [Step; 4] = [Step::New, Step::Reserved, Step::Submitted, Step::Abandoned];

/// How often a result is tried before the request fails.
const TRIES: i32 = 10;

/// For a result of some hundred thousand rows.
const LONG: &str = "SELECT set_config('statement_timeout', '120000', true), \
                    set_config('idle_in_transaction_session_timeout', '120000', true)";

/// How a job ended.
#[derive(Debug)]
struct End {
    state: JobState,
    charge: i64,
    error: Option<(String, String)>,
}

impl Jobs {
    /// Takes the event that a job ended, once. Jobs of other services are passed over.
    pub async fn finished(&self, delivery: &Delivery<JobFinished>) -> Result<()> {
        let event = &delivery.message;
        if event.requester != self.service() {
            return Ok(());
        }
        let id = rpc::id("job_id", &event.job_id)?;
        let end = End {
            state: event.state(),
            charge: event.charge,
            error: event.error_code.clone().zip(event.error_message.clone().or_else(|| Some(String::new()))),
        };
        let heard = async |conn: &mut AccountConn| {
            if bus::first_time(conn, delivery).await? {
                self.end(conn, id, end).await?;
            }
            Ok(())
        };
        self.db().account(delivery.account(), heard).await?;
        self.wake();
        Ok(())
    }

    /// Asks how a job is that has not told of its end.
    pub(crate) async fn ask(&self, account: AccountId, request: &JobRequest) -> Result<()> {
        let message = GetJobStatesRequest { job_ids: vec![request.id.to_string()] };
        let states = self.ai(unattended(account)).get_job_states(message).await?.into_inner();
        let job = states.jobs.into_iter().next();
        self.db()
            .account(account, async |conn| match job.map(ended) {
                Some(Some(end)) => self.end(conn, request.id, end).await,
                Some(None) => put_off(conn, request, ASK_EVERY).await,
                // Nobody has it: it is submitted again.
                None => {
                    let again = (Step::Reserved, TimeDelta::zero());
                    advance(conn, request.id, &[Step::Submitted], again, Move::default()).await.map(drop)
                }
            })
            .await?;
        self.wake();
        Ok(())
    }

    async fn end(&self, conn: &mut AccountConn, id: Uuid, end: End) -> Result<()> {
        let Some(request) = JobRequest::lock(conn, id).await? else { return Ok(()) };
        let charge = Some(end.charge.clamp(0, request.credits.unwrap_or(end.charge)));
        let now = TimeDelta::zero();
        if end.state == JobState::Succeeded {
            let credits = request.credits.or(charge); // the answer to the hold may be the one thing that a crash lost
            advance(conn, id, &OPEN, (Step::Finished, now), Move { credits, charge, ..Move::default() }).await?;
            return Ok(());
        }
        let to = if end.state == JobState::Cancelled { Step::Cancelled } else { Step::Failed };
        let (code, text) = end.error.unwrap_or_else(|| unexplained(end.state));
        let credits = request.credits.or(charge);
        let why = Move { credits, charge, error_code: Some(code), error_message: Some(text), figures: None };
        if advance(conn, id, &OPEN, (to, now), why).await? && request.step != Step::Abandoned {
            self.action_of(&request)?.ended(conn, &request).await?;
        }
        Ok(())
    }

    /// Reads the result of a job that succeeded and applies it.
    pub(crate) async fn settle(&self, account: AccountId, request: &JobRequest) -> Result<()> {
        let applied = async {
            let outcome = self.read_result(account, request.id).await?;
            self.action_of(request)?.prepare(account, request, &outcome).await?;
            self.apply(account, request.id, outcome).await
        };
        match applied.await {
            Err(error) if request.tries >= TRIES && error.kind() != Kind::Unavailable => {
                tracing::error!(request = %request.id, error = ?error, "gave up on applying a result");
                self.fail(account, request).await
            }
            other => other,
        }
    }

    async fn apply(&self, account: AccountId, id: Uuid, outcome: Outcome) -> Result<()> {
        let apply = async |conn: &mut AccountConn| {
            conn.batch_execute(LONG).await?;
            let locked = JobRequest::lock(conn, id).await?;
            let Some(request) = locked.filter(|request| request.step == Step::Finished) else { return Ok(()) };
            let figures = self.action_of(&request)?.apply(conn, &request, outcome).await?;
            let done = Move { figures: Some(json(figures)), ..Move::default() };
            advance(conn, id, &[Step::Finished], (Step::Applied, TimeDelta::zero()), done).await?;
            Ok(())
        };
        self.db().account(account, apply).await
    }

    async fn fail(&self, account: AccountId, request: &JobRequest) -> Result<()> {
        let message = "The result could not be saved. Write to support with the id of this task.";
        let why = Error::new(Kind::Aborted, "RESULT_NOT_SAVED", message);
        self.db()
            .account(account, async |conn| {
                let end = (Step::Failed, TimeDelta::zero());
                if advance(conn, request.id, &[Step::Finished], end, Move::because(&why)).await? {
                    self.action_of(request)?.ended(conn, request).await?;
                }
                Ok(())
            })
            .await
    }
}

fn ended(status: JobStatus) -> Option<End> {
    let state = status.state();
    let last = matches!(state, JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::Expired);
    last.then(|| End {
        state,
        charge: status.charge.unwrap_or_default(),
        error: status.error_code.map(|code| (code, status.error_message.unwrap_or_default())),
    })
}

fn unexplained(state: JobState) -> (String, String) {
    let (code, text) = match state {
        JobState::Cancelled => ("CANCELLED", "This was cancelled."),
        JobState::Expired => ("EXPIRED", "This waited too long for its turn. Start it again."),
        _ => ("FAILED", "This failed. Start it again."),
    };
    (code.to_owned(), text.to_owned())
}

fn json(figures: Figures) -> Value {
    Value::Object(figures.into_iter().map(|(name, figure)| (name, Value::String(figure))).collect())
}
