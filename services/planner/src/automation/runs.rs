//! The row of a run, and the message with what each stage has done.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::{AutomationItemState, AutomationRunState, AutomationStage};
use db::{AccountConn, Stored};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use uuid::Uuid;

use super::account;
use crate::schema::igny8_automation_runs;

/// The stages in their order.
pub(super) const STAGES: [AutomationStage; 6] = [
    AutomationStage::Cluster,
    AutomationStage::Idea,
    AutomationStage::Task,
    AutomationStage::Content,
    AutomationStage::Images,
    AutomationStage::Publish,
];

/// One row of `igny8_automation_runs`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_automation_runs)]
pub(super) struct Run {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) state: Stored<AutomationRunState>,
    pub(super) reason: Option<String>,
    pub(super) message: String,
    pub(super) credit_limit: i64,
    pub(super) item_limit: i32,
    pub(super) publish: bool,
    pub(super) scheduled: bool,
    pub(super) user_id: Option<Uuid>,
    pub(super) api_key_id: Option<Uuid>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) finished_at: Option<DateTime<Utc>>,
}

impl Run {
    pub(super) async fn find(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        let row = Self::query().filter(igny8_automation_runs::account_id.eq(account(conn)));
        Ok(row.filter(igny8_automation_runs::id.eq(id)).first(conn).await.optional()?)
    }

    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        Self::find(conn, id).await?.ok_or_else(|| Error::not_found("run"))
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    site: Option<Uuid>,
    state: Option<AutomationRunState>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::AutomationRunFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let site = filter.site_id.as_deref().map(|id| rpc::id("site_id", id)).transpose()?;
        Ok(Self { site, state: filter.state.map(|_| filter.state()) })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> igny8_automation_runs::BoxedQuery<'static, Pg> {
        let mut query =
            igny8_automation_runs::table.filter(igny8_automation_runs::account_id.eq(account(conn))).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_automation_runs::site_id.eq(site));
        }
        if let Some(state) = self.state {
            query = query.filter(igny8_automation_runs::state.eq(Stored(state)));
        }
        query
    }
}

const ITEMS: &str = "
    SELECT run_id, cluster_id IS NOT NULL AS article, stage, state, count(*) AS items FROM igny8_automation_items
    WHERE account_id = $1 AND run_id = ANY($2) GROUP BY 1, 2, 3, 4";
const CREDITS: &str = "
    SELECT run_id, stage, sum(credits)::bigint AS credits FROM igny8_automation_jobs
    WHERE account_id = $1 AND run_id = ANY($2) GROUP BY 1, 2";

/// How many items of a run stand where.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Standing {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Bool)]
    pub(super) article: bool,
    #[diesel(sql_type = Text)]
    pub(super) stage: Stored<AutomationStage>,
    #[diesel(sql_type = Text)]
    pub(super) state: Stored<AutomationItemState>,
    #[diesel(sql_type = BigInt)]
    pub(super) items: i64,
}

#[derive(Debug, QueryableByName)]
struct Taken {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Text)]
    stage: Stored<AutomationStage>,
    #[diesel(sql_type = BigInt)]
    credits: i64,
}

/// How many items of some runs stand where.
pub(super) async fn standing(conn: &mut AccountConn, runs: &[Uuid]) -> Result<Vec<Standing>> {
    Ok(db::statement(ITEMS).bind::<SqlUuid, _>(account(conn)).bind::<Array<SqlUuid>, _>(runs).load(conn).await?)
}

pub(super) async fn message(conn: &mut AccountConn, run: Run) -> Result<pb::AutomationRun> {
    let messages = messages(conn, vec![run]).await?;
    messages.into_iter().next().ok_or_else(|| Error::not_found("run"))
}

/// Runs with what each stage has done, in their order.
pub(super) async fn messages(conn: &mut AccountConn, runs: Vec<Run>) -> Result<Vec<pb::AutomationRun>> {
    let ids: Vec<Uuid> = runs.iter().map(|run| run.id).collect();
    let mut of: HashMap<Uuid, Vec<pb::AutomationStageCount>> = HashMap::new();
    let mut standings: HashMap<Uuid, Vec<Standing>> = HashMap::new();
    for row in standing(conn, &ids).await? {
        standings.entry(row.run_id).or_default().push(row);
    }
    for (run, rows) in &standings {
        of.insert(*run, STAGES.iter().filter_map(|stage| count(*stage, rows)).collect());
    }
    let credits = db::statement(CREDITS).bind::<SqlUuid, _>(account(conn)).bind::<Array<SqlUuid>, _>(&ids);
    for Taken { run_id, stage, credits } in credits.load(conn).await? {
        let counts = of.entry(run_id).or_default();
        if let Some(count) = counts.iter_mut().find(|count| count.stage() == stage.0) {
            count.credits = credits;
        }
    }
    let full = runs.into_iter().map(|run| {
        let stages = of.remove(&run.id).unwrap_or_default();
        let credits = stages.iter().map(|count| count.credits).sum();
        pb::AutomationRun { stages, credits, ..pb::AutomationRun::from(run) }
    });
    Ok(full.collect())
}

/// What a stage has done; `None` when no item has reached it.
fn count(stage: AutomationStage, rows: &[Standing]) -> Option<pb::AutomationStageCount> {
    let mut count = pb::AutomationStageCount { stage: stage.into(), ..pb::AutomationStageCount::default() };
    for row in rows.iter().filter(|row| row.article == (stage != AutomationStage::Cluster)) {
        let at = i32::from(row.stage.0);
        if at > i32::from(stage) {
            count.done += row.items;
        } else if at == i32::from(stage) {
            match row.state.0 {
                AutomationItemState::Pending | AutomationItemState::Running => count.open += row.items,
                AutomationItemState::Done => count.done += row.items,
                _ => count.stopped += row.items,
            }
        }
    }
    (count.open + count.done + count.stopped > 0).then_some(count)
}

/// Without what stands in other tables.
impl From<Run> for pb::AutomationRun {
    fn from(row: Run) -> Self {
        let Run {
            id,
            site_id,
            state,
            reason,
            message,
            credit_limit,
            item_limit,
            publish,
            scheduled,
            user_id: _,
            api_key_id: _,
            created_at,
            updated_at,
            finished_at,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            state: state.0.into(),
            reason,
            message,
            credit_limit,
            credits: 0,
            item_limit,
            publish,
            scheduled,
            stages: Vec::new(),
            progress_url: format!("/api/v1/system/settings/task_progress/{id}/"),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
            finished_at: finished_at.map(timestamp::of),
        }
    }
}

#[cfg(test)]
impl Standing {
    pub(super) fn of(article: bool, at: AutomationStage, state: AutomationItemState, items: i64) -> Self {
        Self { run_id: Uuid::nil(), article, stage: Stored(at), state: Stored(state), items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_the_stages_before_its_own_behind_it() {
        let rows = [
            Standing::of(false, AutomationStage::Cluster, AutomationItemState::Done, 2),
            Standing::of(true, AutomationStage::Task, AutomationItemState::Skipped, 1),
            Standing::of(true, AutomationStage::Content, AutomationItemState::Running, 3),
            Standing::of(true, AutomationStage::Images, AutomationItemState::Done, 4),
        ];
        let told = |stage| count(stage, &rows).map(|count| (count.open, count.done, count.stopped));
        assert_eq!(told(AutomationStage::Cluster), Some((0, 2, 0)));
        assert_eq!(told(AutomationStage::Idea), Some((0, 8, 0)));
        assert_eq!(told(AutomationStage::Task), Some((0, 7, 1)));
        assert_eq!(told(AutomationStage::Content), Some((3, 4, 0)));
        assert_eq!(told(AutomationStage::Images), Some((0, 4, 0)));
        assert_eq!(told(AutomationStage::Publish), None);
    }
}
