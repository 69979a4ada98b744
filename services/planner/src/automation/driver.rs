//! The driver: takes runs forward, on every replica, without a leader. It claims a run by a lease, and begins what is due in it one by one.
//!
//! A driver that dies no longer renews its lease. The next one repeats the step under the same ids, so that nothing is begun twice. One that
//! was only silent finds the lease in other hands and begins nothing more: two at once could spend the same credits.

use std::sync::Arc;
use std::time::Duration;

use contracts::planner::v1::AutomationRunState;
use db::{AccountConn, Stored, SystemConn};
use diesel::dsl::{now, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use rpc::{AccountId, Result};
use uuid::Uuid;

use super::runs::Run;
use super::stages::{self, At};
use super::{account, items, schedules};
use crate::App;
use crate::schema::igny8_automation_runs;

const EVERY: Duration = Duration::from_millis(500);

/// Runs at once in one process.
const AT_ONCE: i32 = 4;

/// Items that are read at once.
const PORTION: i64 = 20;

/// How often a lease of 15 seconds is renewed.
const BEAT: Duration = Duration::from_secs(5);

const CLAIM: &str = "
    UPDATE igny8_automation_runs r SET lease_id = gen_random_uuid(), lease_until = now() + interval '15 seconds',
        next_at = now() + interval '15 seconds'
    FROM (SELECT account_id, id FROM igny8_automation_runs
          WHERE state = 'running' AND next_at <= now() AND (lease_until IS NULL OR lease_until <= now())
          ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
    WHERE r.account_id = due.account_id AND r.id = due.id RETURNING r.account_id, r.id, r.lease_id";

#[derive(Debug, Clone, Copy, QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    lease_id: Uuid,
}

/// Drives for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = schedules::fire(&app).await {
            tracing::warn!(error = ?error, "could not look for schedules");
        }
        match drive(&app).await {
            Ok(0) => tokio::time::sleep(EVERY).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = ?error, "could not look for runs of automation");
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

/// Takes the runs that are due as far as they go, and answers how many there were.
pub async fn drive(app: &App) -> Result<usize> {
    let claim =
        async |conn: &mut SystemConn| Ok(diesel::sql_query(CLAIM).bind::<Integer, _>(AT_ONCE).load(conn).await?);
    let claimed: Vec<Claimed> = app.db.system(claim).await?;
    let worked = join_all(claimed.iter().map(|claimed| work(app, *claimed))).await;
    for (claimed, outcome) in claimed.iter().zip(worked) {
        if let Err(error) = outcome {
            tracing::warn!(run = %claimed.id, error = ?error, "a run of automation waits for another try");
        }
    }
    Ok(claimed.len())
}

async fn work(app: &App, claimed: Claimed) -> Result<()> {
    tokio::select! {
        outcome = take_forward(app, claimed) => outcome,
        () = beat(app, claimed) => Ok(()),
    }
}

/// Ends when the lease is in other hands.
async fn beat(app: &App, Claimed { account_id, id, lease_id }: Claimed) {
    loop {
        tokio::time::sleep(BEAT).await;
        let renewed = app.db.account(account_id, async |conn| {
            let row = igny8_automation_runs::table.find((account(conn), id));
            let held = diesel::update(row.filter(igny8_automation_runs::lease_id.eq(lease_id)));
            Ok(held.set(igny8_automation_runs::lease_until.eq(lease())).execute(conn).await?)
        });
        match renewed.await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => tracing::warn!(run = %id, error = ?error, "could not renew the lease of a run"),
        }
    }
}

fn lease() -> SqlLiteral<Nullable<Timestamptz>> {
    sql("now() + interval '15 seconds'")
}

async fn take_forward(app: &App, claimed: Claimed) -> Result<()> {
    let Claimed { account_id, id, .. } = claimed;
    'work: loop {
        let due = app.db.account(account_id, async |conn| items::due(conn, id, PORTION).await).await?;
        if due.is_empty() {
            break;
        }
        for item in due {
            let Some(run) = app.db.account(account_id, async |conn| hold(conn, claimed).await).await? else {
                break 'work; // paused, cancelled or taken over in the meantime
            };
            stages::advance(&At { app, account: account_id, run: &run }, &item).await?;
        }
    }
    app.db.account(account_id, async |conn| put_down(conn, claimed).await).await
}

/// Renews the lease, as long as it is held and the run is to go on.
async fn hold(conn: &mut AccountConn, Claimed { id, lease_id, .. }: Claimed) -> Result<Option<Run>> {
    let row = igny8_automation_runs::table
        .find((account(conn), id))
        .filter(igny8_automation_runs::lease_id.eq(lease_id))
        .filter(igny8_automation_runs::state.eq(Stored(AutomationRunState::Running)));
    let held = diesel::update(row).set(igny8_automation_runs::lease_until.eq(lease())).returning(Run::as_returning());
    Ok(held.get_result(conn).await.optional()?)
}

const DONE: &str = "
    UPDATE igny8_automation_runs r SET state = 'done', lease_id = NULL, lease_until = NULL, finished_at = now(), updated_at = now(), message = 'Done.'
    WHERE r.account_id = $1 AND r.id = $2 AND r.lease_id = $3 AND r.state = 'running' AND NOT EXISTS (
        SELECT FROM igny8_automation_items i
        WHERE i.account_id = r.account_id AND i.run_id = r.id AND i.state IN ('pending', 'running'))";

const LATER: &str = "
    UPDATE igny8_automation_runs r SET lease_id = NULL, lease_until = NULL, next_at = least(r.next_at, (
        SELECT min(i.next_at) FROM igny8_automation_items i
        WHERE i.account_id = r.account_id AND i.run_id = r.id AND i.state IN ('pending', 'running')))
    WHERE r.account_id = $1 AND r.id = $2 AND r.lease_id = $3";

/// Ends a run with nothing left to do; any other waits for its next item.
async fn put_down(conn: &mut AccountConn, Claimed { id, lease_id, .. }: Claimed) -> Result<()> {
    for statement in [DONE, LATER] {
        let statement = db::statement(statement).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(id);
        statement.bind::<SqlUuid, _>(lease_id).execute(conn).await?;
    }
    Ok(())
}

/// Has a driver look at some runs at once.
pub(super) async fn wake(conn: &mut AccountConn, runs: &[Uuid]) -> Result<()> {
    let rows = igny8_automation_runs::table
        .filter(igny8_automation_runs::account_id.eq(account(conn)))
        .filter(igny8_automation_runs::id.eq_any(runs));
    let values = (igny8_automation_runs::next_at.eq(now), igny8_automation_runs::updated_at.eq(now));
    diesel::update(rows).set(values).execute(conn).await?;
    Ok(())
}
