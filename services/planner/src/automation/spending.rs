//! What a run has spent: a row for each job, before it is asked for.

use contracts::planner::v1::AutomationStage;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use jobs::{JobRequest, Step};
use rpc::Result;
use uuid::Uuid;

use super::account;
use super::items::{Item, Move};
use super::runs::Run;
use crate::schema::igny8_automation_jobs;

/// A job that is about to be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) id: Uuid,
    /// What is left of the budget.
    pub(super) left: i64,
}

#[derive(Debug, QueryableByName)]
struct Spent {
    #[diesel(sql_type = BigInt)]
    credits: i64,
}

const SPENT: &str = "SELECT coalesce(sum(credits), 0)::bigint AS credits FROM igny8_automation_jobs WHERE account_id = $1 AND run_id = $2";

/// The job of an item's stage. Its id is the same until the attempt is given up.
pub(super) async fn begin(conn: &mut AccountConn, run: &Run, item: &Item) -> Result<Job> {
    let id = id_of(item, item.stage.0);
    diesel::insert_into(igny8_automation_jobs::table)
        .values((
            igny8_automation_jobs::account_id.eq(account(conn)),
            igny8_automation_jobs::id.eq(id),
            igny8_automation_jobs::site_id.eq(item.site_id),
            igny8_automation_jobs::run_id.eq(run.id),
            igny8_automation_jobs::item_id.eq(item.id),
            igny8_automation_jobs::stage.eq(item.stage),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    item.moves(conn, Move { job_id: Some(id), ..Move::default() }).await?;
    let spent = db::statement(SPENT).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(run.id);
    let spent: Vec<Spent> = spent.load(conn).await?;
    let spent: i64 = spent.iter().map(|spent| spent.credits).sum();
    Ok(Job { id, left: run.credit_limit.saturating_sub(spent).max(0) })
}

/// An id that a repetition of the same attempt has too.
pub(super) fn id_of(item: &Item, stage: AutomationStage) -> Uuid {
    Uuid::new_v5(&item.id, format!("{stage:?}:{}", item.attempt).as_bytes())
}

/// What a job holds, or has taken.
pub(super) async fn took(conn: &mut AccountConn, job: Uuid, credits: i64) -> Result<()> {
    let row = igny8_automation_jobs::table.find((account(conn), job));
    diesel::update(row).set(igny8_automation_jobs::credits.eq(credits.max(0))).execute(conn).await?;
    Ok(())
}

/// The same of a job of this service, as far as it is.
pub(super) async fn took_by(conn: &mut AccountConn, request: &JobRequest) -> Result<()> {
    let released = matches!(request.step, Step::Abandoned | Step::Failed | Step::Cancelled);
    let held = request.credits.filter(|_| !released);
    took(conn, request.id, request.charge.or(held).unwrap_or_default()).await
}

/// The same of a job of this stage only.
pub(super) async fn took_in(conn: &mut AccountConn, job: Uuid, stage: AutomationStage, credits: i64) -> Result<()> {
    let row = igny8_automation_jobs::table.find((account(conn), job));
    let row = row.filter(igny8_automation_jobs::stage.eq(Stored(stage)));
    diesel::update(row).set(igny8_automation_jobs::credits.eq(credits.max(0))).execute(conn).await?;
    Ok(())
}
