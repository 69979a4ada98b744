//! What people and schedules do with runs: start, pause, resume, cancel.

use contracts::planner::v1 as pb;
use contracts::planner::v1::{AutomationRunState, AutomationStage};
use db::{AccountConn, Constraint, OnConstraint, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Kind, Result};
use uuid::Uuid;

use super::account;
use super::items;
use super::runs::Run;
use crate::schema::{igny8_automation_items, igny8_automation_runs, igny8_sector_copies};
use crate::site_copies;

/// Articles of a run that says nothing else.
pub(super) const ITEMS: i32 = 10;

const RUNS: Constraint = Constraint {
    kind: Some(Kind::Aborted),
    ..Constraint::new(
        "igny8_automation_runs_open_key",
        "AUTOMATION_RUNS",
        "This site has a run that is not over. Wait for it, or cancel it first.",
    )
};

/// A run that is about to be.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) site: Uuid,
    pub(super) credit_limit: i64,
    pub(super) item_limit: i32,
    pub(super) publish: bool,
    pub(super) scheduled: bool,
    pub(super) user: Option<Uuid>,
    pub(super) api_key: Option<Uuid>,
}

impl Start {
    pub(super) fn read(request: &pb::StartAutomationRunRequest, caller: &Caller) -> Result<Self> {
        Ok(Self {
            site: rpc::id("site_id", &request.site_id)?,
            credit_limit: request.credit_limit,
            item_limit: request.item_limit.unwrap_or(ITEMS),
            publish: request.publish.unwrap_or(true),
            scheduled: false,
            user: caller.user(),
            api_key: caller.api_key(),
        })
    }
}

/// Starts a run with an item for each sector of its site.
pub(super) async fn start(conn: &mut AccountConn, start: &Start) -> Result<Run> {
    let sectors: Vec<(Uuid, String)> = igny8_sector_copies::table
        .filter(igny8_sector_copies::account_id.eq(account(conn)))
        .filter(igny8_sector_copies::site_id.eq(start.site))
        .filter(igny8_sector_copies::deleted_at.is_null())
        .order_by(igny8_sector_copies::id)
        .select((igny8_sector_copies::id, igny8_sector_copies::name))
        .load(conn)
        .await?;
    let Some((first, _)) = sectors.as_slice().first() else {
        return Err(Error::invalid("site_id", "There is no such site. It may have been deleted."));
    };
    site_copies::writable(conn, start.site, *first).await?;
    let run: Run = diesel::insert_into(igny8_automation_runs::table)
        .values((
            igny8_automation_runs::account_id.eq(account(conn)),
            igny8_automation_runs::id.eq(Uuid::now_v7()),
            igny8_automation_runs::site_id.eq(start.site),
            igny8_automation_runs::credit_limit.eq(start.credit_limit),
            igny8_automation_runs::item_limit.eq(start.item_limit),
            igny8_automation_runs::publish.eq(start.publish),
            igny8_automation_runs::scheduled.eq(start.scheduled),
            igny8_automation_runs::user_id.eq(start.user),
            igny8_automation_runs::api_key_id.eq(start.api_key),
        ))
        .returning(Run::as_returning())
        .get_result(conn)
        .await
        .constraints(&[RUNS])?;
    let (account_id, stage) = (account(conn), Stored(AutomationStage::Cluster));
    let new = |(sector_id, title)| items::New {
        account_id,
        id: Uuid::now_v7(),
        run_id: run.id,
        site_id: run.site_id,
        sector_id,
        stage,
        title,
        cluster_id: None,
    };
    let rows: Vec<items::New> = sectors.into_iter().map(new).collect();
    diesel::insert_into(igny8_automation_items::table).values(rows).execute(conn).await?;
    Ok(run)
}

/// Keeps a run from beginning anything new.
pub(super) async fn pause(conn: &mut AccountConn, id: Uuid, reason: &str, message: &str) -> Result<Run> {
    let row = igny8_automation_runs::table
        .find((account(conn), id))
        .filter(igny8_automation_runs::state.eq(Stored(AutomationRunState::Running)));
    let paused = diesel::update(row)
        .set((
            igny8_automation_runs::state.eq(Stored(AutomationRunState::Paused)),
            igny8_automation_runs::reason.eq(reason),
            igny8_automation_runs::message.eq(message),
            igny8_automation_runs::updated_at.eq(now),
        ))
        .returning(Run::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    match paused {
        Some(run) => Ok(run),
        None => as_it_is(conn, id, AutomationRunState::Paused).await,
    }
}

const DUE: &str = "
    UPDATE igny8_automation_items SET next_at = now() WHERE account_id = $1 AND run_id = $2 AND state IN ('pending', 'running')";

/// Goes on with a paused run.
pub(super) async fn resume(conn: &mut AccountConn, id: Uuid, credit_limit: Option<i64>) -> Result<Run> {
    let run = Run::get(conn, id).await?;
    site_copies::active(conn, run.site_id).await?;
    // Items before their run, as everywhere: nobody waits for each other.
    db::statement(DUE).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(id).execute(conn).await?;
    let row = igny8_automation_runs::table
        .find((account(conn), id))
        .filter(igny8_automation_runs::state.eq(Stored(AutomationRunState::Paused)));
    let resumed = diesel::update(row)
        .set((
            igny8_automation_runs::state.eq(Stored(AutomationRunState::Running)),
            igny8_automation_runs::reason.eq(None::<String>),
            igny8_automation_runs::message.eq(""),
            igny8_automation_runs::credit_limit.eq(credit_limit.unwrap_or(run.credit_limit)),
            igny8_automation_runs::next_at.eq(now),
            igny8_automation_runs::updated_at.eq(now),
        ))
        .returning(Run::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    match resumed {
        Some(run) => Ok(run),
        None => as_it_is(conn, id, AutomationRunState::Running).await,
    }
}

const CANCELLED: &str = "
    UPDATE igny8_automation_items SET state = 'cancelled', reason = 'CANCELLED', message = 'The run was cancelled.', updated_at = now()
    WHERE account_id = $1 AND run_id = $2 AND state IN ('pending', 'running')";

/// Ends a run and what of it is not over.
pub(super) async fn cancel(conn: &mut AccountConn, id: Uuid) -> Result<Run> {
    db::statement(CANCELLED).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(id).execute(conn).await?;
    let alive = [Stored(AutomationRunState::Running), Stored(AutomationRunState::Paused)];
    let row = igny8_automation_runs::table.find((account(conn), id)).filter(igny8_automation_runs::state.eq_any(alive));
    let cancelled = diesel::update(row)
        .set((
            igny8_automation_runs::state.eq(Stored(AutomationRunState::Cancelled)),
            igny8_automation_runs::reason.eq(None::<String>),
            igny8_automation_runs::message.eq("This was cancelled."),
            igny8_automation_runs::finished_at.eq(now),
            igny8_automation_runs::updated_at.eq(now),
        ))
        .returning(Run::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    match cancelled {
        Some(run) => Ok(run),
        None => as_it_is(conn, id, AutomationRunState::Cancelled).await,
    }
}

/// A run that is in the wanted state already; refused in any other.
async fn as_it_is(conn: &mut AccountConn, id: Uuid, wanted: AutomationRunState) -> Result<Run> {
    let run = Run::get(conn, id).await?;
    if run.state.0 == wanted {
        return Ok(run);
    }
    Err(Error::precondition("RUN_OVER", "This run is over. Start a new one."))
}
