//! Who works on a request: under a short lease that is renewed for as long as the work goes on, so that what a dead process had in hand is
//! soon taken up by another.
//!
//! A lease keeps others away and proves nothing: two may be at work on a request when one of them was silent for too long. What each of them
//! does carries the request's id, and [`advance`](crate::request::advance) lets only one of them move it on.

use std::convert::Infallible;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::sql_types::{Array, Integer, Text, Uuid};
use diesel_async::RunQueryDsl;
use rpc::AccountId;

use crate::{JobRequest, Jobs, Step};

/// How long others keep away from a request after the last sign of life.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(15);

/// A third of the lease: two signs may be lost.
const EVERY: Duration = Duration::from_secs(5);

/// Whoever claims a request raises its tries, and each step resets them: a former holder renews nothing. A row that is locked belongs to a
/// transaction that moves it on, and is not waited for.
const RENEW: &str = "
    UPDATE igny8_job_requests r SET next_at = now() + interval '15 seconds'
    FROM (SELECT account_id, id FROM igny8_job_requests
          WHERE account_id = $1 AND id = $2 AND step = ANY($3) AND tries <= $4 FOR UPDATE SKIP LOCKED) held
    WHERE r.account_id = held.account_id AND r.id = held.id";

impl Jobs {
    /// Works on a request as it was read, and keeps others away from it meanwhile.
    pub(crate) async fn holding<T>(
        &self,
        account: AccountId,
        request: &JobRequest,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::select! {
            done = work => done,
            never = self.renew(account, request) => match never {},
        }
    }

    async fn renew(&self, account: AccountId, request: &JobRequest) -> Infallible {
        // Who holds the credits goes on to submit.
        let steps: &[&str] = match &request.step {
            Step::New | Step::Reserved => &[Step::New.name(), Step::Reserved.name()],
            step => &[step.name()],
        };
        loop {
            tokio::time::sleep(EVERY).await;
            let renewed = self.db().account(account, async |conn| {
                let renew = db::statement(RENEW)
                    .bind::<Uuid, _>(account.uuid())
                    .bind::<Uuid, _>(request.id)
                    .bind::<Array<Text>, _>(steps)
                    .bind::<Integer, _>(request.tries);
                Ok(renew.execute(conn).await?)
            });
            if let Err(error) = renewed.await {
                tracing::warn!(request = %request.id, error = ?error, "could not renew the lease of a job request");
            }
        }
    }
}
