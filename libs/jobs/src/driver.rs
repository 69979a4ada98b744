//! The driver: finishes what its caller could not wait for, on every replica, without a leader.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use db::SystemConn;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use rpc::{Error, Kind, Result};
use tokio::task::JoinSet;

use crate::hold::is_answer;
use crate::jobs::unattended;
use crate::request::{Claimed, put_off};
use crate::submit::TOMBSTONED;
use crate::{JobRequest, Jobs, Step};

const EVERY: Duration = Duration::from_secs(1);

/// How many requests are worked on at once.
const AT_ONCE: usize = 8;

/// Claims what is due by putting it off for a lease, so that another process, or this one after a crash, tries again.
const CLAIM: &str = "
    UPDATE igny8_job_requests r SET next_at = now() + interval '15 seconds', tries = tries + 1
    FROM (SELECT account_id, id FROM igny8_job_requests
          WHERE next_at <= now() AND step IN ('new', 'reserved', 'submitted', 'finished', 'abandoned')
          ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
    WHERE r.account_id = due.account_id AND r.id = due.id RETURNING r.account_id, r.id";

/// Drives for as long as the process lives. One request that takes long keeps no other one waiting.
pub(crate) async fn run(jobs: Jobs) {
    let mut at_work = JoinSet::new();
    loop {
        while at_work.try_join_next().is_some() {}
        let found = jobs.claim(AT_ONCE.saturating_sub(at_work.len())).await;
        let claimed = found.unwrap_or_else(|error| {
            tracing::warn!(error = ?error, "could not look for job requests");
            Vec::new()
        });
        for claimed in &claimed {
            let (jobs, claimed) = (jobs.clone(), *claimed);
            at_work.spawn(async move { jobs.drive_one(claimed).await });
        }
        if claimed.is_empty() {
            wait(&jobs, &mut at_work).await;
        }
    }
}

/// Until something is due, as far as this process knows: told, by the clock, or because a request that was worked on may be due again.
async fn wait(jobs: &Jobs, at_work: &mut JoinSet<()>) {
    let free = at_work.len() < AT_ONCE;
    tokio::select! {
        () = jobs.due(), if free => {}
        () = tokio::time::sleep(EVERY), if free => {}
        Some(_) = at_work.join_next() => {}
    }
}

impl Jobs {
    /// Takes each request that is due one step further, and answers how many there were.
    pub async fn drive(&self) -> Result<usize> {
        let claimed = self.claim(AT_ONCE).await?;
        join_all(claimed.iter().map(|claimed| self.drive_one(*claimed))).await;
        Ok(claimed.len())
    }

    async fn claim(&self, most: usize) -> Result<Vec<Claimed>> {
        let most = i32::try_from(most).map_err(Error::internal)?;
        let claim =
            async |conn: &mut SystemConn| Ok(diesel::sql_query(CLAIM).bind::<Integer, _>(most).load(conn).await?);
        self.db().system(claim).await
    }

    async fn drive_one(&self, claimed: Claimed) {
        if let Err(error) = self.try_one(claimed).await {
            tracing::warn!(request = %claimed.id, error = ?error, "a job request waits for another try");
        }
    }

    async fn try_one(&self, Claimed { account_id, id }: Claimed) -> Result<()> {
        let found = self.db().account(account_id, async |conn| JobRequest::find(conn, id).await).await?;
        let Some(request) = found else { return Ok(()) };
        let step = self.holding(account_id, &request, self.take(account_id, &request)).await;
        let Err(error) = step else { return Ok(()) };
        if matches!(request.step, Step::New | Step::Reserved) && is_last(&error) {
            return self.give_up(account_id, &request, &error).await;
        }
        let wait = TimeDelta::seconds(1_i64 << request.tries.clamp(0, 8));
        self.db().account(account_id, async |conn| put_off(conn, &request, wait).await).await?;
        Err(error)
    }

    /// The next step of a request.
    async fn take(&self, account: rpc::AccountId, request: &JobRequest) -> Result<()> {
        match request.step {
            Step::New | Step::Reserved if request.deadline_at < Utc::now() => Err(overdue()),
            Step::New | Step::Reserved => self.carry_on(account, request).await,
            Step::Submitted => self.ask(account, request).await,
            Step::Finished => self.settle(account, request).await,
            Step::Abandoned => self.clean_up(account, request).await,
            Step::Applied | Step::Failed | Step::Cancelled => Ok(()),
        }
    }

    async fn carry_on(&self, account: rpc::AccountId, request: &JobRequest) -> Result<()> {
        let credits = match (request.step, request.credits) {
            (Step::Reserved, Some(credits)) => credits,
            _ => self.hold(account, unattended(account), request).await?,
        };
        self.submit(account, unattended(account), (request, credits)).await
    }
}

const OVERDUE: &str = "EXPIRED";

fn overdue() -> Error {
    Error::new(Kind::Aborted, OVERDUE, "This waited too long for its turn. Start it again.")
}

/// Whether another try would fail too.
fn is_last(error: &Error) -> bool {
    is_answer(error) || [OVERDUE, TOMBSTONED].contains(&error.reason())
}
