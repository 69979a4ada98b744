//! The calls that a request makes before it waits: holding credits, and giving up.

use contracts::billing::v1 as billing;
use contracts::billing::v1::ModelTier;
use rpc::client::Context;
use rpc::{AccountId, Error, Kind, Result};

use crate::jobs::unattended;
use crate::lease::LEASE;
use crate::request::{Move, advance};
use crate::{JobRequest, Jobs, Step};

/// The built-in provider is economy, and there is no other one yet.
pub(crate) const TIER: ModelTier = ModelTier::Economy;

impl Jobs {
    /// The inline half of a start. What is refused ends; what got no answer is given up, so that the caller may simply try again.
    pub(crate) async fn hold_and_submit(
        &self,
        account: AccountId,
        context: Context,
        request: &JobRequest,
    ) -> Result<()> {
        let walked = async {
            let credits = self.hold(account, context.clone(), request).await?;
            self.submit(account, context, (request, credits)).await
        };
        match self.holding(account, request, walked).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.give_up(account, request, &error).await?;
                Err(error)
            }
        }
    }

    /// Holds the credits of a request, and answers how many; a repetition answers the same.
    pub(crate) async fn hold(&self, account: AccountId, context: Context, request: &JobRequest) -> Result<i64> {
        self.check_budget(context.clone(), request).await?;
        let message = billing::ReserveRequest {
            reservation_id: request.id.to_string(),
            action: self.action_of(request)?.spec().spend.into(),
            tier: TIER.into(),
            units: request.units,
            site_id: Some(request.site_id.to_string()),
            user_id: request.user_id.map(|id| id.to_string()),
            api_key_id: request.api_key_id.map(|id| id.to_string()),
            job_id: request.id.to_string(),
            deadline_at: Some(rpc::timestamp::of(request.deadline_at)),
        };
        let credits = self.credits(context).reserve(message).await?.into_inner().credits;
        let step = async |conn: &mut db::AccountConn| {
            let held = Move { credits: Some(credits), ..Move::default() };
            advance(conn, request.id, &[Step::New], (Step::Reserved, LEASE), held).await
        };
        self.db().account(account, step).await?;
        Ok(credits)
    }

    /// Refuses what would take more than its budget.
    async fn check_budget(&self, context: Context, request: &JobRequest) -> Result<()> {
        let Some(most) = request.max_credits else { return Ok(()) };
        let message = billing::QuoteRequest {
            action: self.action_of(request)?.spec().spend.into(),
            tier: TIER.into(),
            units: request.units,
            site_id: Some(request.site_id.to_string()),
            api_key_id: request.api_key_id.map(|id| id.to_string()),
        };
        let credits = self.credits(context).quote(message).await?.into_inner().credits;
        if credits <= most {
            return Ok(());
        }
        let message = format!("This takes {credits} credits, and {most} are left of its budget. Raise the budget.");
        Err(Error::precondition(OVER_BUDGET, message))
    }

    /// Ends a request that has not been submitted for certain. A refusal of billing holds nothing; after anything else the driver makes sure
    /// that no job runs and nothing is held.
    pub(crate) async fn give_up(&self, account: AccountId, request: &JobRequest, error: &Error) -> Result<()> {
        self.db()
            .account(account, async |conn| {
                let why = || Move::because(error);
                let open = [Step::New, Step::Reserved];
                let now = chrono::TimeDelta::zero();
                let moved = if is_answer(error) {
                    let refused = advance(conn, request.id, &[Step::New], (Step::Failed, now), why()).await?;
                    refused || advance(conn, request.id, &open, (Step::Abandoned, now), why()).await?
                } else {
                    advance(conn, request.id, &open, (Step::Abandoned, now), why()).await?
                };
                if moved {
                    self.action_of(request)?.ended(conn, request).await?;
                }
                Ok(())
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Makes sure that a request which was given up runs nothing and holds nothing.
    pub(crate) async fn clean_up(&self, account: AccountId, request: &JobRequest) -> Result<()> {
        self.cancel_job(account, request.id).await?;
        let release = billing::ReleaseRequest { reservation_id: request.id.to_string() };
        let released = self.credits(unattended(account)).release(release).await.map_err(Error::from);
        if let Err(error) = released
            && !is_answer(&error)
        {
            return Err(error);
        }
        let end = (Step::Failed, chrono::TimeDelta::zero());
        self.db()
            .account(account, async |conn| advance(conn, request.id, &[Step::Abandoned], end, Move::default()).await)
            .await?;
        Ok(())
    }
}

/// The reason of a request that would take more than its budget.
pub(crate) const OVER_BUDGET: &str = "OVER_BUDGET";

/// Whether the other service has decided, and would decide the same again.
pub(crate) fn is_answer(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::InvalidArgument
            | Kind::OutOfRange
            | Kind::PermissionDenied
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::FailedPrecondition
            | Kind::Unimplemented
    )
}
