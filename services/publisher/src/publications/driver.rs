//! Takes the publications that are due, on every replica, without a leader.
//!
//! Who works on a publication holds a lease on it and renews it. An index allows one lease for each connection, so that a site has one
//! writer, and one whose lease ended is taken over before anything else is done there: what its holder began is finished first.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use db::SystemConn;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::{BigInt, SmallInt, Uuid as SqlUuid};
use rpc::{AccountId, Result};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{look, settle, work};
use crate::App;

/// Sites that one process writes to at the same time.
const WORKERS: usize = 4;

/// How often the database is asked for publications that are due.
const POLL: Duration = Duration::from_secs(1);

/// How publications are worked on.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Seconds after which the work of a process that has vanished is taken over
    #[arg(long, env = "IGNY8_PUBLISH_LEASE_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub publish_lease_seconds: u32,

    /// Seconds after which a draft or a picture whose request got no answer, and that is not on the site, is sent again
    #[arg(long, env = "IGNY8_PUBLISH_QUIET_SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub publish_quiet_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { publish_lease_seconds: 30, publish_quiet_seconds: 180 }
    }
}

/// What the driver and the handlers share.
#[derive(Debug)]
pub struct Driver {
    due: Notify,
    lease: Duration,
    quiet: TimeDelta,
}

impl Driver {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            due: Notify::new(),
            lease: Duration::from_secs(config.publish_lease_seconds.into()),
            quiet: TimeDelta::seconds(config.publish_quiet_seconds.into()),
        }
    }

    /// Until when what was sent without an answer may still arrive; none where that is over.
    pub(super) fn quiet_until(&self, sent_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Some(sent_at + self.quiet).filter(|until| *until > Utc::now())
    }

    /// Something is to be done now.
    pub(super) fn wake(&self) {
        self.due.notify_one();
    }
}

/// Works for as long as the process lives.
pub async fn run(app: Arc<App>) {
    let workers = (0..WORKERS).map(|_| worker(&app));
    tokio::join!(futures_util::future::join_all(workers), look::run(&app));
}

async fn worker(app: &App) {
    loop {
        match take(app).await {
            Ok(Some(claim)) => attend(app, &claim).await,
            Ok(None) => wait(app).await,
            Err(error) => {
                tracing::warn!(error = ?error, "could not look for publications");
                wait(app).await;
            }
        }
    }
}

async fn wait(app: &App) {
    let _ = tokio::time::timeout(POLL, app.publications.due.notified()).await;
}

/// A publication, held.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub(super) struct Claim {
    #[diesel(sql_type = SqlUuid)]
    pub(super) account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) lease_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    pub(super) attempts: i16,
}

const TAKE: &str = "
    UPDATE igny8_publications SET lease_id = $1, lease_until = now() + $2 * interval '1 millisecond', attempts = attempts + 1
    WHERE (account_id, id) = (
        SELECT account_id, id FROM igny8_publications due
        WHERE work IS NOT NULL AND due_at <= now() AND (lease_id IS NULL OR lease_until <= now()) AND NOT EXISTS (
            SELECT FROM igny8_publications held
            WHERE held.account_id = due.account_id AND held.connection_id = due.connection_id
              AND held.lease_id IS NOT NULL AND held.id <> due.id)
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING account_id, id, lease_id, attempts";

async fn take(app: &App) -> Result<Option<Claim>> {
    let lease = i64::try_from(app.publications.lease.as_millis()).unwrap_or(i64::MAX);
    let taken = app.db.system(async |conn: &mut SystemConn| {
        let take = db::statement(TAKE).bind::<SqlUuid, _>(Uuid::now_v7()).bind::<BigInt, _>(lease);
        Ok(diesel_async::RunQueryDsl::get_result::<Claim>(take, conn).await.optional().or_else(taken_meanwhile)?)
    });
    taken.await
}

/// Two workers may choose two publications of one site at the same moment: the index stops the second.
fn taken_meanwhile(error: QueryError) -> QueryResult<Option<Claim>> {
    match error {
        QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Ok(None),
        other => Err(other),
    }
}

async fn attend(app: &App, claim: &Claim) {
    let outcome = tokio::select! {
        outcome = work::perform(app, claim) => outcome,
        () = beat(app, claim) => {
            tracing::warn!(publication = %claim.id, "a publication was taken over");
            return;
        }
    };
    if let Err(stop) = outcome
        && let Err(error) = settle::stopped(app, claim, stop).await
    {
        tracing::warn!(error = ?error, publication = %claim.id, "could not put a publication back: its lease will end");
    }
    // The next one of this site may be due.
    app.publications.wake();
}

/// Renews the lease; ends when it is lost.
async fn beat(app: &App, claim: &Claim) {
    loop {
        tokio::time::sleep(app.publications.lease / 5).await;
        match settle::renewed(app, claim, app.publications.lease).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(error = ?error, "could not renew the lease of a publication"),
        }
    }
}
