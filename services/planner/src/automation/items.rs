//! The row of an item, the message, and how it moves.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::{AutomationItemState, AutomationStage};
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Result, timestamp};
use uuid::Uuid;

use super::account;
use crate::schema::{igny8_automation_items, igny8_automation_jobs};

/// The states of an item that is not over.
pub(super) const OPEN: [Stored<AutomationItemState>; 2] =
    [Stored(AutomationItemState::Pending), Stored(AutomationItemState::Running)];

/// One row of `igny8_automation_items`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_automation_items)]
pub(super) struct Item {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sector_id: Uuid,
    pub(super) stage: Stored<AutomationStage>,
    pub(super) state: Stored<AutomationItemState>,
    pub(super) title: String,
    pub(super) cluster_id: Option<Uuid>,
    pub(super) content_idea_id: Option<Uuid>,
    pub(super) task_id: Option<Uuid>,
    pub(super) content_id: Option<Uuid>,
    pub(super) publication_id: Option<Uuid>,
    pub(super) images_ready: bool,
    pub(super) job_id: Option<Uuid>,
    pub(super) attempt: i32,
    pub(super) tries: i32,
    pub(super) reason: Option<String>,
    pub(super) message: String,
    pub(super) stage_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// A new one.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = igny8_automation_items)]
pub(super) struct New {
    pub(super) account_id: Uuid,
    pub(super) id: Uuid,
    pub(super) run_id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sector_id: Uuid,
    pub(super) stage: Stored<AutomationStage>,
    pub(super) title: String,
    pub(super) cluster_id: Option<Uuid>,
}

/// What changes with a move. What is `None` stays.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = igny8_automation_items)]
pub(super) struct Move {
    pub(super) stage: Option<Stored<AutomationStage>>,
    pub(super) state: Option<Stored<AutomationItemState>>,
    pub(super) title: Option<String>,
    pub(super) content_idea_id: Option<Uuid>,
    pub(super) publication_id: Option<Uuid>,
    pub(super) job_id: Option<Uuid>,
    pub(super) attempt: Option<i32>,
    pub(super) tries: Option<i32>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) next_at: Option<DateTime<Utc>>,
    pub(super) stage_at: Option<DateTime<Utc>>,
}

impl Move {
    /// To wait for a stage to begin.
    pub(super) fn to(stage: AutomationStage) -> Self {
        Self {
            stage: Some(Stored(stage)),
            state: Some(OPEN[0]),
            attempt: Some(0),
            tries: Some(0),
            next_at: Some(Utc::now()),
            stage_at: Some(Utc::now()),
            ..Self::default()
        }
    }

    /// The stage has begun, and is looked after again when nothing was heard by then.
    pub(super) fn begun(look_after: TimeDelta) -> Self {
        Self {
            state: Some(Stored(AutomationItemState::Running)),
            tries: Some(0),
            next_at: Some(Utc::now() + look_after),
            ..Self::default()
        }
    }

    /// The same later.
    pub(super) fn later(wait: TimeDelta) -> Self {
        Self { next_at: Some(Utc::now() + wait), ..Self::default() }
    }

    /// Over.
    pub(super) fn over(state: AutomationItemState, reason: Option<&str>, message: &str) -> Self {
        Self {
            state: Some(Stored(state)),
            reason: reason.map(str::to_owned),
            message: Some(message.to_owned()),
            ..Self::default()
        }
    }
}

impl Item {
    /// Moves the item on, unless it was moved since it was read. Answers whether it did.
    pub(super) async fn moves(&self, conn: &mut AccountConn, to: Move) -> Result<bool> {
        let row = igny8_automation_items::table
            .find((account(conn), self.id))
            .filter(igny8_automation_items::stage.eq(self.stage))
            .filter(igny8_automation_items::state.eq(self.state));
        let moved = diesel::update(row).set((to, igny8_automation_items::updated_at.eq(now))).execute(conn).await?;
        Ok(moved > 0)
    }
}

/// The items of a run that are due, those that are furthest first.
pub(super) async fn due(conn: &mut AccountConn, run: Uuid, limit: i64) -> Result<Vec<Item>> {
    let due = Item::query()
        .filter(igny8_automation_items::account_id.eq(account(conn)))
        .filter(igny8_automation_items::run_id.eq(run))
        .filter(igny8_automation_items::state.eq_any(OPEN))
        .filter(igny8_automation_items::next_at.le(now));
    let order = (igny8_automation_items::content_id.is_null(), igny8_automation_items::task_id.is_null());
    Ok(due.order((order.0, order.1, igny8_automation_items::id)).limit(limit).load(conn).await?)
}

pub(super) fn query(
    conn: &AccountConn,
    run: Uuid,
    filter: &pb::AutomationItemFilter,
) -> igny8_automation_items::BoxedQuery<'static, Pg> {
    let mut query = igny8_automation_items::table
        .filter(igny8_automation_items::account_id.eq(account(conn)))
        .filter(igny8_automation_items::run_id.eq(run))
        .into_boxed();
    if filter.stage.is_some() {
        query = query.filter(igny8_automation_items::stage.eq(Stored(filter.stage())));
    }
    if filter.state.is_some() {
        query = query.filter(igny8_automation_items::state.eq(Stored(filter.state())));
    }
    query
}

/// Items with what was held or taken for each, in their order.
pub(super) async fn messages(conn: &mut AccountConn, items: Vec<Item>) -> Result<Vec<pb::AutomationItem>> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
    let jobs: Vec<(Uuid, i64)> = igny8_automation_jobs::table
        .filter(igny8_automation_jobs::account_id.eq(account(conn)))
        .filter(igny8_automation_jobs::item_id.eq_any(ids))
        .select((igny8_automation_jobs::item_id, igny8_automation_jobs::credits))
        .load(conn)
        .await?;
    let mut credits: HashMap<Uuid, i64> = HashMap::new();
    for (item, taken) in jobs {
        *credits.entry(item).or_default() += taken;
    }
    let full = items.into_iter().map(|item| {
        let credits = credits.get(&item.id).copied().unwrap_or_default();
        pb::AutomationItem { credits, ..pb::AutomationItem::from(item) }
    });
    Ok(full.collect())
}

/// Without what stands in other tables.
impl From<Item> for pb::AutomationItem {
    fn from(row: Item) -> Self {
        let Item {
            id,
            site_id: _,
            sector_id,
            stage,
            state,
            title,
            cluster_id,
            content_idea_id,
            task_id,
            content_id,
            publication_id,
            images_ready: _,
            job_id,
            attempt: _,
            tries: _,
            reason,
            message,
            stage_at: _,
            created_at,
            updated_at,
        } = row;
        let text = |id: Option<Uuid>| id.map(|id| id.to_string());
        Self {
            id: id.to_string(),
            sector_id: sector_id.to_string(),
            stage: stage.0.into(),
            state: state.0.into(),
            title,
            cluster_id: text(cluster_id),
            content_idea_id: text(content_idea_id),
            task_id: text(task_id),
            content_id: text(content_id),
            publication_id: text(publication_id),
            job_id: text(job_id),
            credits: 0,
            reason,
            message,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}
